#pragma once

#include "firstlight/aten/network.h"
#include "firstlight/nn/cnn_config.h"

namespace firstlight::aten {

/// The differentiable twin of the native siamese CNN (nn/cnn.h).
class SiameseCnn final : public Network {
 public:
  SiameseCnn(const nn::CnnConfig& config, std::uint64_t seed);

  FlatTensors& tensors() override { return tensors_; }
  torch::Tensor logits(const std::vector<std::vector<nn::ChargeMap>>& samples, Mode mode) override;
  std::string last_layer() const override { return config_.head.back().name + "."; }

 private:
  class Walk;

  nn::CnnConfig config_;
  FlatTensors tensors_;
};

}  // namespace firstlight::aten
