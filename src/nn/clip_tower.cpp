#include "clip_tower.h"

#include <algorithm>
#include <cstring>

#include "firstlight/base/error.h"

namespace firstlight::nn {

using kernels::Buffer;

ClipTower::ClipTower(const ClipVisionConfig& config,
                     const std::vector<std::int64_t>& feature_layers, const WeightReader& weights)
    : kernels_(weights.kernels()),
      precision_(weights.precision()),
      config_(config),
      hidden_(config.hidden_size),
      positions_(config.positions()) {
  for (const std::int64_t layer : feature_layers) {
    states_.push_back(layer < 0 ? config.layers + 1 + layer : layer);
  }
  const std::int64_t h = config.hidden_size;
  const WeightReader e = weights.under("embeddings.");
  class_embedding_ = e.vector("class_embedding", h);
  position_embedding_ = e.tensor("position_embedding.weight", {config.positions(), h}).to_f32();
  const std::int64_t p = config.patch_size;
  patch_embedding_ = e.matrix(e.tensor("patch_embedding.weight", {h, config.channels, p, p}), h,
                              config.channels * p * p);
  pre_norm_weight_ = weights.vector("pre_layrnorm.weight", h);
  pre_norm_bias_ = weights.vector("pre_layrnorm.bias", h);
  const std::size_t needed = *std::max_element(states_.begin(), states_.end());
  for (std::size_t i = 0; i < needed; ++i) {
    const WeightReader r = weights.under("encoder.layers." + std::to_string(i) + ".");
    EncoderLayer layer;
    layer.norm1_weight = r.vector("layer_norm1.weight", h);
    layer.norm1_bias = r.vector("layer_norm1.bias", h);
    layer.norm2_weight = r.vector("layer_norm2.weight", h);
    layer.norm2_bias = r.vector("layer_norm2.bias", h);
    layer.query_key_value = r.joined(
        {{"self_attn.q_proj", h}, {"self_attn.k_proj", h}, {"self_attn.v_proj", h}}, h, true);
    layer.out = r.linear("self_attn.out_proj", h, h, true);
    layer.fc1 = r.linear("mlp.fc1", config.intermediate_size, h, true);
    layer.fc2 = r.linear("mlp.fc2", h, config.intermediate_size, true);
    layers_.push_back(std::move(layer));
  }
}

Buffer<float> ClipTower::forward(const PixelValues& image) const {
  if (image.width != config_.image_size || image.height != config_.image_size) {
    throw Error::input("vision tower",
                       "gets a picture of " + std::to_string(image.width) + " x " +
                           std::to_string(image.height) + " pixels and takes " +
                           std::to_string(config_.image_size) + " x " +
                           std::to_string(config_.image_size),
                       "image processor and config.json of the model do not belong together");
  }
  const std::size_t n = positions_;
  const std::size_t h = hidden_;
  const std::size_t patch = config_.patch_size;
  const std::size_t side = config_.image_size;
  const std::size_t grid = config_.grid();
  const auto eps = static_cast<float>(config_.layer_norm_eps);

  // Patches as rows in the order of the convolution's weights: channel, row, column.
  const std::size_t inputs = 3 * patch * patch;
  Buffer<float> patches(grid * grid * inputs);
  for (std::size_t i = 0; i < grid * grid; ++i) {
    float* out = patches.data() + i * inputs;
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t y = 0; y < patch; ++y) {
        const float* row =
            image.values.data() + (c * side + i / grid * patch + y) * side + i % grid * patch;
        std::memcpy(out + (c * patch + y) * patch, row, patch * sizeof(float));
      }
    }
  }
  Buffer<float> x(n * h);
  std::copy(position_embedding_.begin(), position_embedding_.end(), x.data());
  for (std::size_t i = 0; i < h; ++i) x[i] += class_embedding_[i];
  kernels_.linear(patch_embedding_, nullptr, patches.data(), grid * grid, inputs, x.data() + h, h,
                  true);
  kernels_.layer_norm(x.data(), n, h, pre_norm_weight_.data(), pre_norm_bias_.data(), eps,
                      x.data());

  Buffer<float> features(n * states_.size() * h);
  const auto keep = [&](std::size_t state) {
    for (std::size_t s = 0; s < states_.size(); ++s) {
      if (states_[s] != state) continue;
      for (std::size_t i = 0; i < n; ++i) {
        std::memcpy(features.data() + (i * states_.size() + s) * h, x.data() + i * h,
                    h * sizeof(float));
      }
    }
  };
  keep(0);

  const EncoderShape shape{h, static_cast<std::size_t>(config_.heads),
                           static_cast<std::size_t>(config_.intermediate_size), config_.activation,
                           eps};
  EncoderPass pass(kernels_, precision_, shape, n);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    pass.apply(layers_[l], x.data());
    keep(l + 1);
  }
  return features;
}

}  // namespace firstlight::nn
