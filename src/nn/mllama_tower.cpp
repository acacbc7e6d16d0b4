#include "mllama_tower.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "firstlight/base/error.h"
#include "tiled_canvas.h"

namespace firstlight::nn {

using kernels::Buffer;

namespace {

/// layernorm_pre and layernorm_post have torch's own value, whatever the configuration says.
constexpr float kOuterNormEps = 1e-5f;
/// Rows of a tile are filled up to a multiple of this.
constexpr std::size_t kRowMultiple = 8;

}  // namespace

/// All rows of one picture in an order that makes what a row sees a single range: the positions of
/// every tile, filled ones first, then the rows that fill tiles up.
struct MllamaTower::Rows {
  std::size_t filled = 0;   ///< positions of filled tiles
  std::size_t tiles = 0;    ///< all of them
  std::size_t padding = 0;  ///< rows that fill up one tile
  std::size_t count = 0;
  Buffer<float> x, normed, qkv, mixed, inner;
  kernels::KeyValues kv;
  std::vector<kernels::Visible> visible;
};

MllamaTower::MllamaTower(const MllamaVisionConfig& config, const WeightReader& weights)
    : kernels_(weights.kernels()),
      precision_(weights.precision()),
      config_(config),
      hidden_(config.hidden_size),
      positions_(config.positions()) {
  const std::int64_t h = config.hidden_size;
  const std::int64_t p = config.patch_size;
  const auto ids =
      static_cast<std::int64_t>(tile_layouts(static_cast<int>(config.max_tiles)).size()) + 1;
  patch_embedding_ =
      weights.matrix(weights.tensor("patch_embedding.weight", {h, 3, p, p}), h, 3 * p * p);
  class_embedding_ = weights.vector("class_embedding", h);
  const auto tile_table = [&](const std::string& name) {
    const WeightReader r = weights.under(name + ".");
    const float gate = std::tanh(r.vector("gate", 1)[0]);
    std::vector<float> table = r.tensor("embedding.weight", {ids, config.max_tiles * h}).to_f32();
    for (float& v : table) v *= gate;
    return table;
  };
  pre_tile_ = tile_table("pre_tile_positional_embedding");
  post_tile_ = tile_table("post_tile_positional_embedding");
  const WeightReader r = weights.under("gated_positional_embedding.");
  tile_position_gate_ = std::tanh(r.vector("gate", 1)[0]);
  position_embedding_ = r.tensor("embedding", {config.positions(), h}).to_f32();
  for (float& v : position_embedding_) v *= 1.0f - tile_position_gate_;
  tile_positions_ =
      &r.floating_tensor("tile_embedding.weight", {ids, config.max_tiles * config.positions() * h});
  norm_pre_weight_ = weights.vector("layernorm_pre.weight", h);
  norm_pre_bias_ = weights.vector("layernorm_pre.bias", h);
  norm_post_weight_ = weights.vector("layernorm_post.weight", h);
  norm_post_bias_ = weights.vector("layernorm_post.bias", h);
  layers_ = load_layers(weights.under("transformer."), config.layers, false);
  global_layers_ = load_layers(weights.under("global_transformer."), config.global_layers, true);
}

std::vector<MllamaTower::Layer> MllamaTower::load_layers(const WeightReader& weights,
                                                         std::int64_t count, bool gated) const {
  const std::int64_t h = config_.hidden_size;
  std::vector<Layer> layers;
  for (std::int64_t i = 0; i < count; ++i) {
    const WeightReader r = weights.under("layers." + std::to_string(i) + ".");
    Layer layer;
    layer.norm1_weight = r.vector("input_layernorm.weight", h);
    layer.norm1_bias = r.vector("input_layernorm.bias", h);
    layer.norm2_weight = r.vector("post_attention_layernorm.weight", h);
    layer.norm2_bias = r.vector("post_attention_layernorm.bias", h);
    layer.query_key_value = r.joined(
        {{"self_attn.q_proj", h}, {"self_attn.k_proj", h}, {"self_attn.v_proj", h}}, h, false);
    layer.out = r.linear("self_attn.o_proj", h, h, false);
    layer.fc1 = r.linear("mlp.fc1", config_.intermediate_size, h, true);
    layer.fc2 = r.linear("mlp.fc2", h, config_.intermediate_size, true);
    if (gated) {
      layer.attention_gate = std::tanh(r.vector("gate_attn", 1)[0]);
      layer.mlp_gate = std::tanh(r.vector("gate_ffn", 1)[0]);
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

void MllamaTower::add_tile_embedding(const std::vector<float>& table, std::size_t id,
                                     std::size_t tile, float* x, std::size_t count) const {
  const float* row =
      table.data() + (id * static_cast<std::size_t>(config_.max_tiles) + tile) * hidden_;
  for (std::size_t r = 0; r < count; ++r) {
    for (std::size_t i = 0; i < hidden_; ++i) x[r * hidden_ + i] += row[i];
  }
}

void MllamaTower::embed(const std::vector<PixelValues>& tiles, std::size_t id, Rows& rows) const {
  const std::size_t patch = config_.patch_size;
  const std::size_t side = config_.image_size;
  const std::size_t grid = config_.grid();
  const std::size_t inputs = 3 * patch * patch;
  const kernels::Source source = *source_of(tile_positions_->dtype);
  Buffer<float> patches(grid * grid * inputs);
  for (std::size_t t = 0; t < rows.tiles; ++t) {
    float* x = rows.x.data() + t * positions_ * hidden_;
    std::memcpy(x, class_embedding_.data(), hidden_ * sizeof(float));
    std::memset(x + hidden_, 0, grid * grid * hidden_ * sizeof(float));
    if (t < tiles.size()) {
      // Patches as rows in the order of the convolution's weights: channel, row, column.
      const float* pixels = tiles[t].values.data();
      for (std::size_t i = 0; i < grid * grid; ++i) {
        for (std::size_t c = 0; c < 3; ++c) {
          for (std::size_t y = 0; y < patch; ++y) {
            std::memcpy(patches.data() + i * inputs + (c * patch + y) * patch,
                        pixels + (c * side + i / grid * patch + y) * side + i % grid * patch,
                        patch * sizeof(float));
          }
        }
      }
      kernels_.linear(patch_embedding_, nullptr, patches.data(), grid * grid, inputs, x + hidden_,
                      hidden_);
    }
    add_tile_embedding(pre_tile_, id, t, x + hidden_, grid * grid);
    const std::size_t first =
        (id * static_cast<std::size_t>(config_.max_tiles) + t) * positions_ * hidden_;
    for (std::size_t i = 0; i < positions_ * hidden_; ++i) {
      x[i] += position_embedding_[i];
      x[i] += tile_position_gate_ * kernels::read_number(source, tile_positions_->data, first + i);
    }
  }
  kernels_.layer_norm(rows.x.data(), rows.tiles * positions_, hidden_, norm_pre_weight_.data(),
                      norm_pre_bias_.data(), kOuterNormEps, rows.x.data());
  std::fill(rows.x.data() + rows.tiles * positions_ * hidden_, rows.x.data() + rows.x.size(), 0.0f);
}

void MllamaTower::run(const Layer& layer, Rows& r) const {
  const std::size_t n = r.count;
  const std::size_t h = hidden_;
  const std::size_t wide = config_.intermediate_size;
  const auto eps = static_cast<float>(config_.norm_eps);
  const float scale = 1.0f / std::sqrt(static_cast<float>(h / config_.heads));
  const auto add = [&](float gate) {
    for (std::size_t i = 0; i < n * h; ++i) r.x[i] += gate * r.normed[i];
  };
  kernels_.layer_norm(r.x.data(), n, h, layer.norm1_weight.data(), layer.norm1_bias.data(), eps,
                      r.normed.data());
  layer.query_key_value.apply(r.normed.data(), n, h, r.qkv.data(), 3 * h);
  r.kv.clear();
  r.kv.append(r.qkv.data() + h, r.qkv.data() + 2 * h, 3 * h, n);
  kernels_.attention(r.qkv.data(), 3 * h, n, config_.heads, r.kv, scale, r.visible.data(),
                     r.mixed.data(), h);
  layer.out.apply(r.mixed.data(), n, h, r.normed.data(), h);
  add(layer.attention_gate);
  kernels_.layer_norm(r.x.data(), n, h, layer.norm2_weight.data(), layer.norm2_bias.data(), eps,
                      r.normed.data());
  layer.fc1.apply(r.normed.data(), n, h, r.inner.data(), wide);
  kernels_.activate(config_.activation, r.inner.data(), n, wide, wide);
  layer.fc2.apply(r.inner.data(), n, wide, r.normed.data(), h);
  add(layer.mlp_gate);
}

std::vector<float> MllamaTower::forward(const std::vector<PixelValues>& tiles,
                                        std::size_t all_tiles, std::size_t id) const {
  for (const PixelValues& tile : tiles) {
    if (tile.width != config_.image_size || tile.height != config_.image_size) {
      throw Error::input("vision tower",
                         "gets a tile of " + std::to_string(tile.width) + " pixels and takes " +
                             std::to_string(config_.image_size),
                         "image processor and config.json of the model do not belong together");
    }
  }
  Rows r;
  r.tiles = all_tiles;
  r.filled = tiles.size() * positions_;
  r.padding = (kRowMultiple - positions_ % kRowMultiple) % kRowMultiple;
  r.count = all_tiles * (positions_ + r.padding);
  const std::size_t h = hidden_;
  r.x.resize(r.count * h);
  r.normed.resize(r.count * h);
  r.qkv.resize(r.count * 3 * h);
  r.mixed.resize(r.count * h);
  r.inner.resize(r.count * static_cast<std::size_t>(config_.intermediate_size));
  r.kv = kernels::KeyValues(kernels_, config_.heads, h / config_.heads, r.count, precision_);
  r.visible.assign(r.count, {0, r.filled, 0, 0, nullptr});
  for (std::size_t i = 0; i < r.filled; ++i) r.visible[i].end = r.count;
  embed(tiles, id, r);

  const std::size_t kept = all_tiles * positions_;
  const std::size_t extra = config_.intermediate_layers.size();
  std::vector<float> out(kept * features());
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    run(layers_[l], r);
    for (std::size_t k = 0; k < extra; ++k) {
      if (config_.intermediate_layers[k] != static_cast<std::int64_t>(l)) continue;
      for (std::size_t i = 0; i < kept; ++i) {
        float* row = out.data() + i * features() + h;
        for (std::size_t j = 0; j < h; ++j) row[j * extra + k] = r.x[i * h + j];
      }
    }
  }
  kernels_.layer_norm(r.x.data(), r.count, h, norm_post_weight_.data(), norm_post_bias_.data(),
                      kOuterNormEps, r.x.data());
  for (std::size_t t = 0; t < all_tiles; ++t) {
    add_tile_embedding(post_tile_, id, t, r.x.data() + t * positions_ * h, positions_);
    add_tile_embedding(post_tile_, id, t, r.x.data() + (kept + t * r.padding) * h, r.padding);
  }
  for (const Layer& layer : global_layers_) run(layer, r);
  for (std::size_t i = 0; i < kept; ++i) {
    std::memcpy(out.data() + i * features(), r.x.data() + i * h, h * sizeof(float));
  }
  return out;
}

}  // namespace firstlight::nn
