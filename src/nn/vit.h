#pragma once

#include <string>
#include <vector>

#include "encoder_layer.h"
#include "firstlight/kernels/kernels.h"
#include "firstlight/nn/network.h"
#include "firstlight/nn/vit_config.h"
#include "weight_reader.h"

namespace firstlight::nn {

/// The vision transformer on patches that hold something, in f32.
class Vit final : public Network {
 public:
  /// Throws Error::input for a missing tensor or a wrong shape.
  Vit(VitConfig config, const WeightReader& weights);

  const std::vector<std::string>& classes() const override { return config_.classes; }
  const SiteInput& input() const override { return config_.input; }
  int views() const override { return 0; }
  std::vector<float> pooled(std::span<const ChargeMap> views) const override;
  std::vector<float> logits_of(const std::vector<float>& pooled) const override;
  /// Throws Error::usage: its class token knows no places.
  ClassMap class_map(std::span<const ChargeMap> views, std::size_t class_index) const override;

 private:
  struct Norm {
    std::vector<float> weight, bias;
  };

  Norm read_norm(const std::string& name, const WeightReader& weights) const;
  /// The class token of one view after the last norm.
  std::vector<float> encode(const ChargeMap& view) const;

  VitConfig config_;
  const kernels::Kernels& kernels_;
  kernels::PackedMatrix patch_;
  std::vector<float> patch_bias_, class_token_, position_;
  Norm pre_norm_, norm_;
  std::vector<EncoderLayer> layers_;
  LinearLayer head_;
};

}  // namespace firstlight::nn
