#include <algorithm>

#include "layers.h"

namespace firstlight::aten {

using torch::Tensor;

namespace {

/// Which keys the rows of a plain sequence see: bool [T, T].
Tensor causal(const nn::DecoderConfig& c, std::int64_t length) {
  const Tensor place = torch::arange(length);
  const Tensor back = place.unsqueeze(1) - place.unsqueeze(0);
  Tensor seen = back.ge(0);
  if (c.sliding_window) seen = seen.logical_and(back.lt(*c.sliding_window));
  return seen;
}

struct Angles {
  Tensor cosine, sine;  ///< f32 [T, 1, d / 2]
};

Angles rotary_angles(const nn::DecoderConfig& c, std::int64_t length, torch::Device device) {
  const std::vector<float> inverse = c.rope.inverse_frequencies(c.head_size, length);
  const Tensor angles = torch::arange(length, torch::kFloat).unsqueeze(1) *
                        torch::tensor(inverse, torch::kFloat).unsqueeze(0);
  const auto on_device = [&](const Tensor& x) {
    return (x * c.rope.attention_factor).unsqueeze(1).to(device);
  };
  return {on_device(angles.cos()), on_device(angles.sin())};
}

/// Half-split form on x [T, heads, d].
Tensor rotated(const Tensor& x, const Angles& angles) {
  const auto halves = x.to(torch::kFloat).chunk(2, -1);
  return at::cat({halves[0] * angles.cosine - halves[1] * angles.sine,
                  halves[1] * angles.cosine + halves[0] * angles.sine},
                 -1)
      .to(x.scalar_type());
}

Tensor heads_of(const Tensor& x, std::int64_t head_size) {
  return x.view({x.size(0), -1, head_size});
}

}  // namespace

Tensor decode(const TensorSet& w, const nn::DecoderConfig& c, Tensor x, const CrossRows& pictures) {
  const std::int64_t length = x.size(0), d = c.head_size;
  const Angles angles = rotary_angles(c, length, x.device());
  const Tensor mask = additive_mask(causal(c, length), x);
  const Tensor cross_mask = pictures.states.defined() ? additive_mask(pictures.seen, x) : Tensor();
  for (std::int64_t i = 0; i < c.layers; ++i) {
    const std::string layer = "language_model.layers." + std::to_string(i) + ".";
    const bool cross =
        std::binary_search(c.cross_attention_layers.begin(), c.cross_attention_layers.end(), i);
    if (cross && !pictures.states.defined()) continue;
    const Tensor normed = w.rms_norm(x, layer + "input_layernorm", c.rms_norm_eps);
    if (cross) {
      const std::string at = layer + "cross_attn.";
      const Tensor q =
          w.rms_norm(heads_of(w.linear(normed, at + "q_proj"), d), at + "q_norm", c.rms_norm_eps);
      const Tensor k = w.rms_norm(heads_of(w.linear(pictures.states, at + "k_proj"), d),
                                  at + "k_norm", c.rms_norm_eps);
      const Tensor v = heads_of(w.linear(pictures.states, at + "v_proj"), d);
      x = x + w.linear(attend(q, k, v, cross_mask), at + "o_proj") *
                  at::tanh(w.at(layer + "cross_attn_attn_gate"));
    } else {
      const std::string at = layer + "self_attn.";
      const Tensor q = rotated(heads_of(w.linear(normed, at + "q_proj"), d), angles);
      const Tensor k = rotated(heads_of(w.linear(normed, at + "k_proj"), d), angles);
      const Tensor v = heads_of(w.linear(normed, at + "v_proj"), d);
      x = x + w.linear(attend(q, k, v, mask), at + "o_proj");
    }
    const Tensor inner = w.rms_norm(x, layer + "post_attention_layernorm", c.rms_norm_eps);
    Tensor change = w.linear(activate(c.activation, w.linear(inner, layer + "mlp.gate_proj")) *
                                 w.linear(inner, layer + "mlp.up_proj"),
                             layer + "mlp.down_proj");
    if (cross) {
      change =
          change * at::tanh(w.at(layer + "cross_attn_mlp_gate")) * pictures.behind.to(x.options());
    }
    x = x + change;
  }
  x = w.rms_norm(x, "language_model.norm", c.rms_norm_eps);
  const Tensor& head =
      w.has("lm_head.weight") ? w.at("lm_head.weight") : w.at("language_model.embed_tokens.weight");
  return at::linear(x, head.narrow(0, 0, c.vocab_size)).to(torch::kFloat);
}

}  // namespace firstlight::aten
