#include "decoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "firstlight/base/error.h"

namespace firstlight::nn {

using kernels::Buffer;

namespace {

/// Sines that are precomputed, as many cosines: 4 MB in all, 8,192 positions at the usual head
/// size.
constexpr std::size_t kTableNumbers = 8192 * 64;

}  // namespace

Decoder::Decoder(const DecoderConfig& config, const WeightReader& text, const WeightReader* head)
    : kernels_(text.kernels()),
      precision_(text.precision()),
      config_(config),
      embedding_(
          text.floating_tensor("embed_tokens.weight",
                               {config.vocab_size + config.extra_embeddings, config.hidden_size})),
      frequencies_(config.rope.inverse_frequencies(config.head_size)) {
  const std::int64_t h = config.hidden_size;
  const std::int64_t q = config.heads * config.head_size;
  const std::int64_t kv = config.key_value_heads * config.head_size;
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const WeightReader r = text.under("layers." + std::to_string(i) + ".");
    Layer layer;
    layer.norm1 = r.vector("input_layernorm.weight", h);
    layer.norm2 = r.vector("post_attention_layernorm.weight", h);
    if (std::binary_search(config.cross_attention_layers.begin(),
                           config.cross_attention_layers.end(), i)) {
      layer.cross.emplace(config, r.under("cross_attn."), r.vector("cross_attn_attn_gate", 1)[0]);
      layer.mlp_gate = std::tanh(r.vector("cross_attn_mlp_gate", 1)[0]);
    } else {
      layer.query_key_value =
          r.joined({{"self_attn.q_proj", q}, {"self_attn.k_proj", kv}, {"self_attn.v_proj", kv}}, h,
                   config.attention_bias);
      layer.out = r.linear("self_attn.o_proj", h, q, config.attention_bias);
    }
    layer.gate_up = r.joined(
        {{"mlp.gate_proj", config.intermediate_size}, {"mlp.up_proj", config.intermediate_size}}, h,
        config.mlp_bias);
    layer.down = r.linear("mlp.down_proj", h, config.intermediate_size, config.mlp_bias);
    layers_.push_back(std::move(layer));
  }
  norm_ = text.vector("norm.weight", h);
  const TensorView& output = head ? head->tensor("weight", {config.vocab_size, h}) : embedding_;
  head_ = text.matrix(output, config.vocab_size, h);

  const std::size_t half = frequencies_.size();
  table_rows_ = std::min(static_cast<std::size_t>(config.max_positions), kTableNumbers / half);
  std::vector<std::int64_t> positions(table_rows_);
  std::iota(positions.begin(), positions.end(), 0);
  cos_.resize(table_rows_ * half);
  sin_.resize(table_rows_ * half);
  turn(frequencies_, positions.data(), table_rows_, cos_.data(), sin_.data());
}

void Decoder::turn(const std::vector<float>& frequencies, const std::int64_t* positions,
                   std::size_t m, float* cos, float* sin) const {
  const std::size_t half = frequencies.size();
  const auto factor = static_cast<float>(config_.rope.attention_factor);
  for (std::size_t r = 0; r < m; ++r) {
    for (std::size_t i = 0; i < half; ++i) {
      const float angle = static_cast<float>(positions[r]) * frequencies[i];
      cos[r * half + i] = std::cos(angle) * factor;
      sin[r * half + i] = std::sin(angle) * factor;
    }
  }
}

void Decoder::fill_rotary(const DecoderState& state, const std::int64_t* positions, std::size_t m,
                          float* cos, float* sin) const {
  if (!state.frequencies.empty()) return turn(state.frequencies, positions, m, cos, sin);
  const std::size_t half = frequencies_.size();
  for (std::size_t r = 0; r < m; ++r) {
    const auto position = static_cast<std::size_t>(positions[r]);
    if (position < table_rows_) {
      std::memcpy(cos + r * half, cos_.data() + position * half, half * sizeof(float));
      std::memcpy(sin + r * half, sin_.data() + position * half, half * sizeof(float));
    } else {
      turn(frequencies_, positions + r, 1, cos + r * half, sin + r * half);
    }
  }
}

void Decoder::embed(std::int32_t token, float* out) const {
  if (token < 0 || token >= embeddings()) {
    throw Error::input("token id " + std::to_string(token),
                       "the model's embedding has " + std::to_string(embeddings()) + " rows",
                       "tokenizer.json and config.json do not belong together");
  }
  const kernels::Source source = *source_of(embedding_.dtype);
  for (std::size_t i = 0; i < hidden(); ++i) {
    out[i] = kernels::read_number(source, embedding_.data, token * hidden() + i);
  }
}

DecoderState Decoder::make_state(std::size_t capacity, std::size_t length) const {
  DecoderState state;
  state.frequencies = frequencies(length);
  for (const Layer& layer : layers_) {
    state.layers.push_back(layer.cross ? kernels::KeyValues() : make_key_values(capacity));
  }
  return state;
}

kernels::KeyValues Decoder::make_key_values(std::size_t capacity) const {
  return kernels::KeyValues(kernels_, config_.key_value_heads, config_.head_size, capacity,
                            precision_);
}

std::vector<float> Decoder::frequencies(std::size_t length) const {
  const auto n = static_cast<std::int64_t>(length);
  if (!config_.rope.stretches(n)) return {};
  return config_.rope.inverse_frequencies(config_.head_size, n);
}

void Decoder::assign(DecoderState& state, const DecoderState& from, std::size_t count) const {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (!layers_[i].cross) state.layers[i].assign(from.layers[i], count);
  }
}

void Decoder::shorten(DecoderState& state, std::size_t count, std::size_t capacity) const {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (layers_[i].cross) continue;
    kernels::KeyValues& layer = state.layers[i];
    if (layer.capacity() >= capacity) {
      layer.shorten(count);
      continue;
    }
    kernels::KeyValues longer = make_key_values(capacity);
    longer.assign(layer, count);
    layer = std::move(longer);
  }
}

CrossState Decoder::make_cross_state(std::span<const CrossStates> pictures) const {
  CrossState state;
  for (const CrossStates& p : pictures) state.rows += p.all_rows;
  for (const Layer& layer : layers_) {
    if (!layer.cross) continue;
    state.layers.emplace_back(kernels_, config_.key_value_heads, config_.head_size, state.rows,
                              precision_);
    kernels::KeyValues& kv = state.layers.back();
    for (const CrossStates& p : pictures) layer.cross->append(kv, p.states, p.own_rows);
    for (const CrossStates& p : pictures) {
      layer.cross->append(kv, p.states + p.own_rows * hidden(), p.all_rows - p.own_rows);
    }
  }
  return state;
}

std::size_t Decoder::window_begin(std::size_t position) const {
  if (!config_.sliding_window) return 0;
  const auto window = static_cast<std::size_t>(*config_.sliding_window);
  return position + 1 > window ? position + 1 - window : 0;
}

kernels::Visible Decoder::causal(std::size_t position) const {
  return {window_begin(position), position + 1, 0, 0, nullptr};
}

struct Decoder::Pass {
  float* x;
  std::size_t m;
  const kernels::Visible* visible;
  std::span<const std::size_t> wanted;
  const CrossInput* cross;
  Buffer<float>&normed, &qkv, &mixed, &gated, &cos, &sin;
  std::vector<kernels::Visible> packed_visible;  ///< of the wanted rows
  std::vector<std::uint8_t> packed_before;
  const std::uint8_t* before = nullptr;  ///< cross->before, or packed_before

  /// Leaves the wanted rows of a matrix, in their order.
  void pack(float* rows, std::size_t width) const {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      std::memmove(rows + i * width, rows + wanted[i] * width, width * sizeof(float));
    }
  }
  /// What nobody reads is not computed: from here on only the wanted rows count.
  const kernels::Visible* keep_wanted(const kernels::Visible* all) {
    for (const std::size_t i : wanted) packed_visible.push_back(all[i]);
    m = wanted.size();
    return packed_visible.data();
  }
};

void Decoder::attend(const Layer& layer, kernels::KeyValues& kv, Pass& p, bool pack) const {
  const std::size_t h = hidden();
  const std::size_t size = config_.head_size;
  const std::size_t q = config_.heads * size;
  const std::size_t key = config_.key_value_heads * size;
  const std::size_t row = q + 2 * key;
  layer.query_key_value.apply(p.normed.data(), p.m, h, p.qkv.data(), row);
  kernels_.rotate(p.qkv.data(), p.m, row, config_.heads, size, p.cos.data(), p.sin.data());
  kernels_.rotate(p.qkv.data() + q, p.m, row, config_.key_value_heads, size, p.cos.data(),
                  p.sin.data());
  kv.append(p.qkv.data() + q, p.qkv.data() + q + key, row, p.m);
  if (pack) {
    p.pack(p.x, h);
    p.pack(p.qkv.data(), row);
    p.visible = p.keep_wanted(p.visible);
  }
  kernels_.attention(p.qkv.data(), row, p.m, config_.heads, kv,
                     1.0f / std::sqrt(static_cast<float>(size)), p.visible, p.mixed.data(), q);
  layer.out.apply(p.mixed.data(), p.m, q, p.x, h, true);
}

void Decoder::attend_to_pictures(const Layer& layer, const kernels::KeyValues& kv, Pass& p,
                                 bool pack) const {
  const kernels::Visible* visible = p.cross->visible;
  if (pack) {
    p.pack(p.x, hidden());
    p.pack(p.normed.data(), hidden());
    for (const std::size_t i : p.wanted) p.packed_before.push_back(p.before[i]);
    p.before = p.packed_before.data();
    visible = p.keep_wanted(visible);
  }
  layer.cross->add(kv, visible, p.normed.data(), p.m, p.x);
}

void Decoder::feed_forward(const Layer& layer, Pass& p) const {
  const std::size_t h = hidden();
  const std::size_t wide = config_.intermediate_size;
  layer.gate_up.apply_gated(config_.activation, p.normed.data(), p.m, h, p.gated.data());
  if (!layer.cross) {
    layer.down.apply(p.gated.data(), p.m, wide, p.x, h, true);
    return;
  }
  layer.down.apply(p.gated.data(), p.m, wide, p.normed.data(), h);
  for (std::size_t r = 0; r < p.m; ++r) {
    if (p.before[r]) continue;
    for (std::size_t i = r * h; i < (r + 1) * h; ++i) p.x[i] += layer.mlp_gate * p.normed[i];
  }
}

void Decoder::forward(DecoderState& state, float* x, std::size_t m, const std::int64_t* positions,
                      const kernels::Visible* visible, const CrossInput* cross,
                      std::span<const std::size_t> wanted, const Observer& observer) const {
  const std::size_t h = hidden();
  const std::size_t size = config_.head_size;
  const std::size_t q = config_.heads * size;
  const std::size_t row = q + 2 * config_.key_value_heads * size;
  const auto eps = static_cast<float>(config_.rms_norm_eps);

  // Kept from call to call: fresh pages for every layer input would cost more than small layers do.
  thread_local Buffer<float> normed, qkv, mixed, gated, cos, sin;
  normed.resize(m * h);
  qkv.resize(m * row);
  mixed.resize(m * q);
  gated.resize(m * config_.intermediate_size);
  cos.resize(m * frequencies_.size());
  sin.resize(m * frequencies_.size());
  fill_rotary(state, positions, m, cos.data(), sin.data());

  Pass pass{x,     m,     visible, wanted, cross, normed, qkv,
            mixed, gated, cos,     sin,    {},    {},     cross ? cross->before : nullptr};
  std::size_t last = layers_.size() - 1;
  while (!cross && layers_[last].cross && last > 0) --last;
  std::size_t picture_layer = 0;
  std::size_t ran = 0;
  if (observer) observer(ran, x);
  for (std::size_t l = 0; l <= last; ++l) {
    const Layer& layer = layers_[l];
    if (layer.cross && !cross) continue;
    const bool pack = l == last && !wanted.empty();
    kernels_.rms_norm(x, pass.m, h, layer.norm1.data(), eps, normed.data());
    if (layer.cross) {
      attend_to_pictures(layer, cross->state->layers[picture_layer++], pass, pack);
    } else {
      attend(layer, state.layers[l], pass, pack);
    }
    kernels_.rms_norm(x, pass.m, h, layer.norm2.data(), eps, normed.data());
    feed_forward(layer, pass);
    if (observer) observer(++ran, x);
  }
}

void Decoder::normalise(const float* x, std::size_t m, float* y) const {
  kernels_.rms_norm(x, m, hidden(), norm_.data(), static_cast<float>(config_.rms_norm_eps), y);
}

void Decoder::logits(const float* x, std::size_t m, float* y) const {
  kernels_.linear(head_, nullptr, x, m, hidden(), y, config_.vocab_size);
}

}  // namespace firstlight::nn
