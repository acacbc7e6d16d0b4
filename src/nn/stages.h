#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vlm_model.h"

namespace firstlight::nn {

/// Everything between inputs and logits of one prompt, in order: input_ids, the stages of the
/// pictures, hidden.0 (embeddings) to hidden.L (after the final norm), logits; shapes as
/// transformers has them. Throws Error::input where ids and images do not fit.
std::vector<Stage> run_stages(const VlmModel& model, const std::vector<std::int32_t>& ids,
                              std::span<const Image> images);

/// Writes the embeddings of `ids` to x [ids, hidden]; image positions take the rows of `features`
/// in order. Throws Error::input where the counts differ.
void embed_all(const VlmModel& model, std::span<const std::int32_t> ids,
               const std::vector<const ImageFeatures*>& features, float* x);

}  // namespace firstlight::nn
