#pragma once

#include <optional>
#include <string>
#include <vector>

#include "clip_tower.h"
#include "decoder.h"
#include "firstlight/nn/config.h"
#include "firstlight/nn/safetensors.h"

namespace firstlight::nn {

/// Weights and forward pass of a LLaVA model, on pixel values and token ids. Immutable; safe from
/// any thread.
class LlavaModel {
 public:
  /// Throws Error::input where folder, configuration and weights do not make a model.
  LlavaModel(const std::string& folder, const kernels::Kernels& kernels,
             kernels::Precision precision);

  const LlavaConfig& config() const { return config_; }
  const Decoder& decoder() const { return *decoder_; }
  const kernels::Kernels& kernels() const { return kernels_; }
  kernels::Precision precision() const { return precision_; }
  /// Bytes of the weight files; decides how work is shared between threads.
  std::size_t weight_bytes() const { return weight_bytes_; }

  /// The chosen hidden states, class token dropped where the configuration says so:
  /// [image_tokens, features].
  std::vector<float> vision_features(const PixelValues& image) const;
  std::size_t vision_width() const { return tower_->features(); }
  /// Projected into the decoder's space: [image_tokens, hidden].
  std::vector<float> project(const std::vector<float>& features) const;

 private:
  const kernels::Kernels& kernels_;
  kernels::Precision precision_;
  LlavaConfig config_;
  Weights weights_;  ///< stays mapped for the embedding
  std::size_t weight_bytes_ = 0;
  std::optional<ClipTower> tower_;
  LinearLayer projector1_, projector2_;
  std::optional<Decoder> decoder_;
};

}  // namespace firstlight::nn
