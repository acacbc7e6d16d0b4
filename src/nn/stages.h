#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "llava_model.h"

namespace firstlight::nn {

/// One named array of the forward pass; ids are exact in double precision.
struct Stage {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
  std::vector<std::int64_t> ids;  ///< for input_ids, in place of values
};

/// Everything between inputs and logits of one prompt, in order: input_ids, pixel_values,
/// vision_features, projected, hidden.0 (embeddings) to hidden.L (after the final norm), logits;
/// shapes as transformers has them. Throws Error::input where ids and images do not fit.
std::vector<Stage> run_stages(const LlavaModel& model, const std::vector<std::int32_t>& ids,
                              const std::vector<PixelValues>& images);

/// Writes the embeddings of `ids` to x [ids, hidden]; image positions take rows of `features`, one
/// [image_tokens, hidden] an image in order. Throws Error::input where the counts differ.
void embed_all(const LlavaModel& model, const std::vector<std::int32_t>& ids,
               const std::vector<const std::vector<float>*>& features, float* x);

}  // namespace firstlight::nn
