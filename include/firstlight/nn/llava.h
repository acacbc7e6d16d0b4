#pragma once

#include <memory>
#include <optional>
#include <string>

#include "firstlight/kernels/kernels.h"
#include "firstlight/model/model.h"

namespace firstlight::nn {

struct LlavaOptions {
  /// bf16 rounds weights and the inputs of matrix products to bf16; sums, norms, softmax, attention
  /// and the residual stream stay f32. Without a choice: bf16 where the machine has instructions
  /// for it, f32 elsewhere.
  std::optional<kernels::Precision> precision;
};

/// Opens a `llava` model from a Hugging Face folder. The model keeps the states of prompt prefixes
/// (up to the first image) and the features of recent images, within bounds, so the thread contract
/// of VisionLanguageModel holds. Throws Error::input naming the file that is missing, malformed or
/// does not fit the others.
std::shared_ptr<const VisionLanguageModel> load_llava(const std::string& folder,
                                                      const LlavaOptions& options = {});

}  // namespace firstlight::nn
