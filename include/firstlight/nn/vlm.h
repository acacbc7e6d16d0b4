#pragma once

#include <memory>
#include <optional>
#include <string>

#include "firstlight/kernels/kernels.h"
#include "firstlight/model/model.h"
#include "firstlight/nn/quantization.h"

namespace firstlight::nn {

struct VlmOptions {
  /// bf16 rounds weights and the inputs of matrix products to bf16; sums, norms, softmax, attention
  /// and the residual stream stay f32. Without a choice: bf16 where the machine has instructions
  /// for it, f32 elsewhere.
  std::optional<kernels::Precision> precision = {};
  /// At most this many tiles of a picture, beside its base view where there is one (llava_next).
  /// Without a choice, as many as the reference has. Not for models without tiles.
  std::optional<int> tiles = {};
  /// Brings the linear layers (not the output layer) to 4 bits while loading, as transformers does
  /// with bitsandbytes. Weights that the folder holds in 4 bits stay as they are.
  std::optional<QuantizeOptions> quant = {};
};

/// Opens a model of type `llava`, `llava_next` or `mllama` from a Hugging Face folder. The model
/// keeps the states of prompt prefixes (up to the first image) and the features of recent images,
/// within bounds, so the thread contract of VisionLanguageModel holds. Throws Error::input naming
/// the file that is missing, malformed or does not fit the others, Error::usage for an option that
/// the type does not have.
std::shared_ptr<const VisionLanguageModel> load_vlm(const std::string& folder,
                                                    const VlmOptions& options = {});

}  // namespace firstlight::nn
