#pragma once

#include <torch/types.h>

#include <string>
#include <variant>

#include "firstlight/aten/tensor_set.h"
#include "firstlight/nn/config.h"

namespace firstlight::aten {

/// What the processors make of one prompt, by the names and shapes of transformers and of
/// `firstlight model dump` (docs/verifying-a-model.md). What a prompt or a model type does not have
/// stays undefined.
struct PromptTensors {
  torch::Tensor input_ids;          ///< i64 [1, tokens], image positions expanded
  torch::Tensor pixel_values;       ///< f32
  torch::Tensor image_sizes;        ///< llava_next: i64 [images, 2], height and width
  torch::Tensor aspect_ratio_ids;   ///< mllama: i64 [1, images]
  torch::Tensor aspect_ratio_mask;  ///< mllama: i64 [1, images, tiles]
};

/// A model of type `llava`, `llava_next` or `mllama` in operations of ATen, differentiable: the
/// twin of the native engine. It asks its tensors for their device and number type, so that it runs
/// wherever libtorch does. What decides shapes (ids, sizes of pictures, layouts of tiles) is read
/// on the CPU and may stay there.
class VisionLanguage {
 public:
  /// Opens a folder in f32 or bf16. Throws Error::input where folder, configuration and weights do
  /// not make a model.
  VisionLanguage(const std::string& folder, torch::Device device, torch::ScalarType type);

  /// f32 [1, tokens, vocabulary]. Throws Error::input where ids and pictures do not fit. Safe from
  /// several threads while parameters do not change.
  torch::Tensor logits(const PromptTensors& prompt) const;

  /// Gradients flow to those that require them.
  TensorSet& parameters() { return weights_; }

 private:
  TensorSet weights_;
  std::variant<nn::LlavaConfig, nn::MllamaConfig> config_;
};

}  // namespace firstlight::aten
