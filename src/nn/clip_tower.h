#pragma once

#include <vector>

#include "encoder_layer.h"
#include "firstlight/nn/config.h"
#include "firstlight/nn/image_processor.h"
#include "weight_reader.h"

namespace firstlight::nn {

/// CLIP's vision transformer up to the last hidden state that is asked for (its final norm is not
/// part of LLaVA). Immutable; safe from any thread.
class ClipTower {
 public:
  /// `feature_layers` as in LlavaConfig. Tensors as in CLIPVisionModel, without a prefix.
  ClipTower(const ClipVisionConfig& config, const std::vector<std::int64_t>& feature_layers,
            const WeightReader& weights);

  /// [positions, features() ] for one image: the chosen hidden states side by side, class token
  /// first. The image must have the tower's size.
  kernels::Buffer<float> forward(const PixelValues& image) const;
  std::size_t positions() const { return positions_; }
  std::size_t features() const { return states_.size() * hidden_; }

 private:
  const kernels::Kernels& kernels_;
  kernels::Precision precision_;
  ClipVisionConfig config_;
  std::vector<std::size_t> states_;  ///< hidden states, 0 = before the first layer
  std::size_t hidden_, positions_;
  std::vector<float> class_embedding_, position_embedding_, pre_norm_weight_, pre_norm_bias_;
  kernels::PackedMatrix patch_embedding_;
  std::vector<EncoderLayer> layers_;
};

}  // namespace firstlight::nn
