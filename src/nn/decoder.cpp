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
      embedding_(text.tensor("embed_tokens.weight", {config.vocab_size, config.hidden_size})),
      frequencies_(config.rope.inverse_frequencies(config.head_size)) {
  const std::int64_t h = config.hidden_size;
  const std::int64_t q = config.heads * config.head_size;
  const std::int64_t kv = config.key_value_heads * config.head_size;
  if (embedding_.dtype != Dtype::kF32 && embedding_.dtype != Dtype::kF16 &&
      embedding_.dtype != Dtype::kBf16) {
    throw Error::input(embedding_.file, "tensor '" + embedding_.name + "' is " +
                                            to_string(embedding_.dtype) +
                                            "; F32, F16 and BF16 are supported");
  }
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const WeightReader r = text.under("layers." + std::to_string(i) + ".");
    Layer layer;
    layer.norm1 = r.vector("input_layernorm.weight", h);
    layer.norm2 = r.vector("post_attention_layernorm.weight", h);
    layer.query_key_value =
        r.joined({{"self_attn.q_proj", q}, {"self_attn.k_proj", kv}, {"self_attn.v_proj", kv}}, h,
                 config.attention_bias);
    layer.out = r.linear("self_attn.o_proj", h, q, config.attention_bias);
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
  if (token < 0 || token >= config_.vocab_size) {
    throw Error::input(
        "token id " + std::to_string(token),
        "the model's vocabulary has " + std::to_string(config_.vocab_size) + " entries",
        "tokenizer.json and config.json do not belong together");
  }
  const auto source = embedding_.dtype == Dtype::kF32   ? kernels::Source::kF32
                      : embedding_.dtype == Dtype::kF16 ? kernels::Source::kF16
                                                        : kernels::Source::kBf16;
  for (std::size_t i = 0; i < hidden(); ++i) {
    out[i] = kernels::read_number(source, embedding_.data, token * hidden() + i);
  }
}

DecoderState Decoder::make_state(std::size_t capacity, std::size_t length) const {
  DecoderState state;
  const auto n = static_cast<std::int64_t>(length);
  if (config_.rope.stretches(n)) {
    state.frequencies = config_.rope.inverse_frequencies(config_.head_size, n);
  }
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    state.layers.emplace_back(kernels_, config_.key_value_heads, config_.head_size, capacity,
                              precision_);
  }
  return state;
}

void Decoder::assign(DecoderState& state, const DecoderState& from, std::size_t count) const {
  for (std::size_t i = 0; i < layers_.size(); ++i) state.layers[i].assign(from.layers[i], count);
}

std::size_t Decoder::window_begin(std::size_t position) const {
  if (!config_.sliding_window) return 0;
  const auto window = static_cast<std::size_t>(*config_.sliding_window);
  return position + 1 > window ? position + 1 - window : 0;
}

kernels::Visible Decoder::causal(std::size_t position) const {
  return {window_begin(position), position + 1, 0, 0, nullptr};
}

void Decoder::forward(DecoderState& state, float* x, std::size_t m, const std::int64_t* positions,
                      const kernels::Visible* visible, std::span<const std::size_t> wanted,
                      const Observer& observer) const {
  const std::size_t h = hidden();
  const std::size_t size = config_.head_size;
  const std::size_t q = config_.heads * size;
  const std::size_t kv = config_.key_value_heads * size;
  const std::size_t row = q + 2 * kv;
  const std::size_t wide = config_.intermediate_size;
  const std::size_t half = size / 2;
  const auto eps = static_cast<float>(config_.rms_norm_eps);
  const float scale = 1.0f / std::sqrt(static_cast<float>(size));

  // Kept from call to call: fresh pages for every layer input would cost more than small layers do.
  thread_local Buffer<float> normed, qkv, mixed, gated, cos, sin;
  normed.resize(m * h);
  qkv.resize(m * row);
  mixed.resize(m * q);
  gated.resize(m * wide);
  cos.resize(m * half);
  sin.resize(m * half);
  fill_rotary(state, positions, m, cos.data(), sin.data());
  if (observer) observer(0, x);

  std::vector<kernels::Visible> wanted_visible;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    kernels_.rms_norm(x, m, h, layer.norm1.data(), eps, normed.data());
    kernels_.linear(layer.query_key_value.weight, layer.query_key_value.bias_or_null(),
                    normed.data(), m, h, qkv.data(), row);
    kernels_.rotate(qkv.data(), m, row, config_.heads, size, cos.data(), sin.data());
    kernels_.rotate(qkv.data() + q, m, row, config_.key_value_heads, size, cos.data(), sin.data());
    state.layers[l].append(qkv.data() + q, qkv.data() + q + kv, row, m);
    if (l + 1 == layers_.size() && !wanted.empty()) {
      // What nobody reads is not computed: only these rows pass the rest of the last layer.
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        std::memmove(x + i * h, x + wanted[i] * h, h * sizeof(float));
        std::memmove(qkv.data() + i * row, qkv.data() + wanted[i] * row, row * sizeof(float));
        wanted_visible.push_back(visible[wanted[i]]);
      }
      m = wanted.size();
      visible = wanted_visible.data();
    }
    kernels_.attention(qkv.data(), row, m, config_.heads, state.layers[l], scale, visible,
                       mixed.data(), q);
    kernels_.linear(layer.out.weight, layer.out.bias_or_null(), mixed.data(), m, q, x, h, true);
    kernels_.rms_norm(x, m, h, layer.norm2.data(), eps, normed.data());
    kernels_.gated_linear(layer.gate_up.weight, layer.gate_up.bias_or_null(), config_.activation,
                          normed.data(), m, h, gated.data());
    kernels_.linear(layer.down.weight, layer.down.bias_or_null(), gated.data(), m, wide, x, h,
                    true);
    if (observer) observer(l + 1, x);
  }
}

void Decoder::normalise(const float* x, std::size_t m, float* y) const {
  kernels_.rms_norm(x, m, hidden(), norm_.data(), static_cast<float>(config_.rms_norm_eps), y);
}

void Decoder::logits(const float* x, std::size_t m, float* y) const {
  kernels_.linear(head_, nullptr, x, m, hidden(), y, config_.vocab_size);
}

}  // namespace firstlight::nn
