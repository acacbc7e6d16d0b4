#pragma once

#include "firstlight/aten/network.h"
#include "firstlight/nn/vit_config.h"

namespace firstlight::aten {

/// The differentiable twin of the native vision transformer (nn/vit_config.h).
class Vit final : public Network {
 public:
  Vit(const nn::VitConfig& config, std::uint64_t seed);

  FlatTensors& tensors() override { return tensors_; }
  torch::Tensor logits(const std::vector<std::vector<nn::ChargeMap>>& samples, Mode mode) override;
  std::string last_layer() const override { return "head."; }

 private:
  torch::Tensor norm(const torch::Tensor& x, const std::string& name) const;

  nn::VitConfig config_;
  FlatTensors tensors_;
};

}  // namespace firstlight::aten
