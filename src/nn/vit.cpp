#include "vit.h"

#include <algorithm>

#include "firstlight/base/error.h"

namespace firstlight::nn {

Vit::Vit(VitConfig config, const WeightReader& weights)
    : config_(std::move(config)), kernels_(weights.kernels()) {
  const std::int64_t h = config_.hidden_size;
  const std::int64_t p = config_.patch_size;
  patch_ = weights.matrix(weights.tensor("patch.weight", {h, config_.input.channels, p, p}), h,
                          config_.patch_numbers());
  patch_bias_ = weights.vector("patch.bias", h);
  class_token_ = weights.vector("class_token", h);
  position_ =
      weights.tensor("position", {1 + static_cast<std::int64_t>(config_.grid) * config_.grid, h})
          .to_f32();
  pre_norm_ = read_norm("pre_norm", weights);
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    const WeightReader r = weights.under("layers." + std::to_string(i) + ".");
    EncoderLayer layer;
    layer.norm1_weight = r.vector("norm1.weight", h);
    layer.norm1_bias = r.vector("norm1.bias", h);
    layer.norm2_weight = r.vector("norm2.weight", h);
    layer.norm2_bias = r.vector("norm2.bias", h);
    layer.query_key_value = r.linear("query_key_value", 3 * h, h, true);
    layer.out = r.linear("out", h, h, true);
    layer.fc1 = r.linear("fc1", config_.mlp_size, h, true);
    layer.fc2 = r.linear("fc2", h, config_.mlp_size, true);
    layers_.push_back(std::move(layer));
  }
  norm_ = read_norm("norm", weights);
  head_ = weights.linear("head", static_cast<std::int64_t>(config_.classes.size()), h, true);
}

Vit::Norm Vit::read_norm(const std::string& name, const WeightReader& weights) const {
  return {weights.vector(name + ".weight", config_.hidden_size),
          weights.vector(name + ".bias", config_.hidden_size)};
}

std::vector<float> Vit::encode(const ChargeMap& view) const {
  const PatchTokens tokens = patch_tokens(view, config_);
  const auto h = static_cast<std::size_t>(config_.hidden_size);
  const std::size_t patches = tokens.positions.size();
  const auto eps = static_cast<float>(config_.norm_eps);
  kernels::Buffer<float> x((1 + patches) * h);
  for (std::size_t c = 0; c < h; ++c) x[c] = class_token_[c] + position_[c];
  if (patches > 0) {
    const auto numbers = static_cast<std::size_t>(config_.patch_numbers());
    kernels_.linear(patch_, patch_bias_.data(), tokens.values.data(), patches, numbers,
                    x.data() + h, h);
  }
  for (std::size_t i = 0; i < patches; ++i) {
    const float* position = position_.data() + static_cast<std::size_t>(tokens.positions[i]) * h;
    for (std::size_t c = 0; c < h; ++c) x[(1 + i) * h + c] += position[c];
  }
  kernels_.layer_norm(x.data(), 1 + patches, h, pre_norm_.weight.data(), pre_norm_.bias.data(), eps,
                      x.data());
  const EncoderShape shape{h, static_cast<std::size_t>(config_.heads),
                           static_cast<std::size_t>(config_.mlp_size), kernels::Activation::kGelu,
                           eps};
  EncoderPass pass(kernels_, kernels::Precision::kF32, shape, 1 + patches);
  for (const EncoderLayer& layer : layers_) pass.apply(layer, x.data());
  std::vector<float> feature(h);
  kernels_.layer_norm(x.data(), 1, h, norm_.weight.data(), norm_.bias.data(), eps, feature.data());
  return feature;
}

std::vector<float> Vit::pooled(std::span<const ChargeMap> views) const {
  std::vector<float> mean(static_cast<std::size_t>(config_.hidden_size), 0.0F);
  for (const ChargeMap& view : views) {
    const std::vector<float> feature = encode(view);
    for (std::size_t c = 0; c < mean.size(); ++c) mean[c] += feature[c];
  }
  for (float& value : mean) value /= static_cast<float>(std::max<std::size_t>(1, views.size()));
  return mean;
}

std::vector<float> Vit::logits_of(const std::vector<float>& pooled) const {
  std::vector<float> result(config_.classes.size());
  head_.apply(pooled.data(), 1, pooled.size(), result.data(), result.size());
  return result;
}

Network::ClassMap Vit::class_map(std::span<const ChargeMap>, std::size_t) const {
  throw Error::usage("vit", "has no map of its last features", "use occlusion");
}

}  // namespace firstlight::nn
