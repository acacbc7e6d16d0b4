#include <algorithm>

#include "firstlight/nn/tile_geometry.h"
#include "layers.h"

namespace firstlight::aten {

using torch::Tensor;

namespace {

/// Layer `i` of the tower on [n, positions, hidden].
Tensor clip_layer(const TensorSet& w, const nn::ClipVisionConfig& c, std::int64_t i, Tensor x) {
  const std::string layer = "vision_tower.encoder.layers." + std::to_string(i) + ".";
  const std::int64_t n = x.size(0), positions = x.size(1), d = c.hidden_size / c.heads;
  const Tensor normed = w.layer_norm(x, layer + "layer_norm1", c.layer_norm_eps);
  const auto heads = [&](const char* name) {
    return w.linear(normed, layer + "self_attn." + name).view({n, positions, c.heads, d});
  };
  const Tensor q = heads("q_proj"), k = heads("k_proj"), v = heads("v_proj");
  std::vector<Tensor> mixed;
  for (std::int64_t j = 0; j < n; ++j) mixed.push_back(attend(q[j], k[j], v[j], Tensor()));
  x = x + w.linear(at::stack(mixed), layer + "self_attn.out_proj");
  const Tensor inner =
      w.linear(w.layer_norm(x, layer + "layer_norm2", c.layer_norm_eps), layer + "mlp.fc1");
  return x + w.linear(activate(c.activation, inner), layer + "mlp.fc2");
}

}  // namespace

Tensor clip_rows(const TensorSet& w, const nn::LlavaConfig& config, const Tensor& pixels) {
  const nn::ClipVisionConfig& c = config.vision;
  const std::string embeddings = "vision_tower.embeddings.";
  const Tensor patches =
      embed_patches(w, embeddings + "patch_embedding.weight", pixels, c.patch_size);
  const Tensor start =
      w.at(embeddings + "class_embedding").view({1, 1, -1}).expand({pixels.size(0), 1, -1});
  Tensor x = at::cat({start, patches}, 1) + w.at(embeddings + "position_embedding.weight");
  x = w.layer_norm(x, "vision_tower.pre_layrnorm", c.layer_norm_eps);
  std::vector<std::int64_t> wanted;
  for (const std::int64_t layer : config.feature_layers) {
    wanted.push_back(layer < 0 ? c.layers + 1 + layer : layer);
  }
  const std::int64_t last = *std::max_element(wanted.begin(), wanted.end());
  std::vector<Tensor> states = {x};
  for (std::int64_t i = 0; i < last; ++i) states.push_back(clip_layer(w, c, i, states.back()));
  std::vector<Tensor> chosen;
  for (const std::int64_t state : wanted) chosen.push_back(states[state]);
  Tensor features = at::cat(chosen, -1);
  if (config.drop_class_token) features = features.narrow(1, 1, features.size(1) - 1);
  const Tensor inner = w.linear(features, "multi_modal_projector.linear_1");
  return w.linear(activate(config.projector_activation, inner), "multi_modal_projector.linear_2");
}

Tensor unpadded_rows(const TensorSet& w, const nn::LlavaConfig& config, const Tensor& rows,
                     std::int64_t height, std::int64_t width) {
  const std::int64_t side = config.vision.image_size, grid = config.vision.grid();
  const nn::GridPoint best =
      nn::best_resolution(static_cast<int>(width), static_cast<int>(height), config.grid);
  const std::int64_t high = best.height / side, wide = best.width / side, hidden = rows.size(2);
  // Where the class token is kept, it is there once, in the base view.
  const std::int64_t skip = rows.size(1) - grid * grid;
  const Tensor picture = rows.narrow(0, 1, high * wide)
                             .narrow(1, skip, grid * grid)
                             .reshape({high, wide, grid, grid, hidden})
                             .permute({0, 2, 1, 3, 4})
                             .reshape({high * grid, wide * grid, hidden});
  const nn::FeatureWindow window =
      nn::unpadded_window(static_cast<int>(width), static_cast<int>(height),
                          static_cast<int>(high * grid), static_cast<int>(wide * grid));
  const Tensor kept = picture.narrow(0, window.row_begin, window.rows())
                          .narrow(1, window.column_begin, window.columns());
  const Tensor newline =
      w.at("image_newline").view({1, 1, hidden}).expand({window.rows(), 1, hidden});
  return at::cat({rows[0], at::cat({kept, newline}, 1).reshape({-1, hidden})}, 0);
}

}  // namespace firstlight::aten
