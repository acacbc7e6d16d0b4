#include "layers.h"

namespace firstlight::aten {

using torch::Tensor;

namespace {

/// layernorm_pre and layernorm_post have torch's own value, whatever the configuration says.
constexpr double kOuterNormEps = 1e-5;
/// Rows of a tile are filled up to a multiple of this.
constexpr std::int64_t kRowMultiple = 8;

Tensor vision_layer(const TensorSet& w, const nn::MllamaVisionConfig& c, const std::string& layer,
                    const Tensor& mask, Tensor x) {
  const std::int64_t d = c.hidden_size / c.heads;
  const auto gated = [&](const Tensor& change, const char* gate) {
    return w.has(layer + gate) ? change * at::tanh(w.at(layer + gate)) : change;
  };
  const Tensor normed = w.layer_norm(x, layer + "input_layernorm", c.norm_eps);
  const auto heads = [&](const char* name) {
    return w.linear(normed, layer + "self_attn." + name).view({-1, c.heads, d});
  };
  const Tensor mixed = attend(heads("q_proj"), heads("k_proj"), heads("v_proj"), mask);
  x = x + gated(w.linear(mixed, layer + "self_attn.o_proj"), "gate_attn");
  const Tensor inner =
      w.linear(w.layer_norm(x, layer + "post_attention_layernorm", c.norm_eps), layer + "mlp.fc1");
  return x + gated(w.linear(activate(c.activation, inner), layer + "mlp.fc2"), "gate_ffn");
}

}  // namespace

Tensor mllama_states(const TensorSet& w, const nn::MllamaVisionConfig& c, const Tensor& pixels,
                     std::int64_t filled, std::int64_t aspect_ratio_id) {
  const std::string vision = "vision_model.";
  const std::int64_t tiles = pixels.size(0), positions = c.positions(), h = c.hidden_size;
  const auto tile_embedding = [&](const std::string& name) {
    const std::string at = vision + name + ".";
    return (w.at(at + "embedding.weight")[aspect_ratio_id].view({-1, 1, h}).narrow(0, 0, tiles)) *
           at::tanh(w.at(at + "gate"));
  };
  const Tensor patches = embed_patches(w, vision + "patch_embedding.weight", pixels, c.patch_size) +
                         tile_embedding("pre_tile_positional_embedding");
  const Tensor start = w.at(vision + "class_embedding").view({1, 1, h}).expand({tiles, 1, h});
  const std::string gated = vision + "gated_positional_embedding.";
  const Tensor gate = at::tanh(w.at(gated + "gate"));
  const Tensor of_tiles = w.at(gated + "tile_embedding.weight")[aspect_ratio_id]
                              .view({-1, positions, h})
                              .narrow(0, 0, tiles);
  Tensor x =
      at::cat({start, patches}, 1) + (1 - gate) * w.at(gated + "embedding") + gate * of_tiles;
  x = w.layer_norm(x, vision + "layernorm_pre", kOuterNormEps);

  const std::int64_t padding = (kRowMultiple - positions % kRowMultiple) % kRowMultiple;
  const std::int64_t rows = positions + padding;
  x = at::constant_pad_nd(x, {0, 0, 0, padding}).reshape({tiles * rows, h});
  // Rows that hold nothing do not see one another; everything else sees everything.
  Tensor holds = torch::zeros({tiles, rows}, torch::kBool);
  holds.narrow(0, 0, filled).narrow(1, 0, positions).fill_(true);
  holds = holds.flatten();
  const Tensor mask = additive_mask(holds.unsqueeze(0).logical_or(holds.unsqueeze(1)), x);

  std::vector<Tensor> outputs;
  for (std::int64_t i = 0; i < c.layers; ++i) {
    const std::string layer = vision + "transformer.layers." + std::to_string(i) + ".";
    x = vision_layer(w, c, layer, mask, x);
    outputs.push_back(x);
  }
  std::vector<Tensor> between;
  for (const std::int64_t layer : c.intermediate_layers) between.push_back(outputs[layer]);
  x = w.layer_norm(x, vision + "layernorm_post", kOuterNormEps).view({tiles, rows, h}) +
      tile_embedding("post_tile_positional_embedding");
  x = x.reshape({tiles * rows, h});
  for (std::int64_t i = 0; i < c.global_layers; ++i) {
    const std::string layer = vision + "global_transformer.layers." + std::to_string(i) + ".";
    x = vision_layer(w, c, layer, mask, x);
  }
  const Tensor features = at::cat({x, at::stack(between, -1).flatten(1)}, -1)
                              .view({tiles, rows, -1})
                              .narrow(1, 0, positions)
                              .reshape({tiles * positions, -1});
  return w.linear(features, "multi_modal_projector");
}

}  // namespace firstlight::aten
