#pragma once

#include <string>
#include <utility>
#include <vector>

#include "firstlight/kernels/kernels.h"
#include "firstlight/nn/cnn_config.h"
#include "firstlight/nn/network.h"
#include "firstlight/nn/safetensors.h"
#include "weight_reader.h"

namespace firstlight::nn {

/// The siamese CNN in f32, its norms folded into the convolutions before them.
class SiameseCnn final : public Network {
 public:
  /// Throws Error::input for a missing tensor or a wrong shape.
  SiameseCnn(CnnConfig config, const WeightReader& weights);

  const std::vector<std::string>& classes() const override { return config_.classes; }
  const SiteInput& input() const override { return config_.input; }
  int views() const override {
    return config_.join == CnnConfig::Join::kConcat ? config_.views : 0;
  }
  std::vector<float> pooled(std::span<const ChargeMap> views) const override;
  std::vector<float> logits_of(const std::vector<float>& pooled) const override;
  ClassMap class_map(std::span<const ChargeMap> views, std::size_t class_index) const override;

 private:
  using Rows = kernels::Buffer<float>;

  /// Weights of a step: packed for a product, or [taps, channels].
  struct Weighted {
    kernels::PackedMatrix matrix;
    std::vector<float> depthwise;
    std::vector<float> bias;
  };
  struct Step {
    CnnStep what;
    Weighted main;
    Weighted second;  ///< the gate of a squeeze
  };
  struct Features {
    Sites sites;
    Rows rows;
  };

  Step read(const CnnStep& step, const WeightReader& weights) const;
  Weighted linear(const std::string& name, std::int64_t out, std::int64_t in,
                  const WeightReader& weights) const;
  Rows through(const std::vector<Step>& steps, SitePath& path, Rows x) const;
  Rows convolve(const Step& step, SitePath& path, const Rows& x) const;
  void squeeze(const Step& step, const Sites& sites, Rows& x) const;
  void activate(CnnActivation activation, float* x, std::size_t rows, std::size_t width) const;
  Features features(std::span<const ChargeMap> views) const;
  Rows join(const Sites& sites, const Rows& x, std::size_t views, Sites* joined) const;
  /// Outputs of every layer of the head before its activation, from the mean feature on.
  std::vector<std::vector<float>> head(const std::vector<float>& mean) const;

  CnnConfig config_;
  const kernels::Kernels& kernels_;
  std::vector<Step> branch_;
  std::vector<Step> trunk_;
  std::vector<Weighted> head_;
  std::vector<std::vector<float>> head_weights_;  ///< [out, in] of each, for gradients
};

}  // namespace firstlight::nn
