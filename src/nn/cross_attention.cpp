#include "cross_attention.h"

#include <algorithm>
#include <cmath>

#include "firstlight/base/error.h"

namespace firstlight::nn {

using kernels::Buffer;

namespace {

/// Rows of states that are turned into keys and values at a time.
constexpr std::size_t kBlock = 2048;

}  // namespace

CrossPlan plan_cross_attention(std::span<const std::int32_t> ids, std::int32_t image_token,
                               std::span<const std::size_t> own_rows,
                               std::span<const std::size_t> all_rows) {
  const std::size_t images = own_rows.size();
  const auto places = static_cast<std::size_t>(std::count(ids.begin(), ids.end(), image_token));
  if (places != images) {
    throw Error::input("prompt",
                       "has " + std::to_string(places) + " image positions for " +
                           std::to_string(images) + " pictures",
                       "each image place needs one picture");
  }
  CrossPlan plan;
  std::size_t all = 0;
  for (const std::size_t rows : all_rows) all += rows;
  std::size_t begin = 0;  // rows of the pictures that are seen together
  std::size_t end = 0;
  std::size_t image = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == image_token) {
      if (i == 0 || ids[i - 1] != image_token) begin = end;
      end += own_rows[image++];
    }
    const bool before = end == 0;
    plan.visible.push_back({begin, before ? all : end, 0, 0, nullptr});
    plan.before.push_back(before ? 1 : 0);
  }
  return plan;
}

CrossAttention::CrossAttention(const DecoderConfig& config, const WeightReader& weights, float gate)
    : kernels_(weights.kernels()),
      hidden_(config.hidden_size),
      heads_(config.heads),
      key_value_heads_(config.key_value_heads),
      head_size_(config.head_size),
      eps_(static_cast<float>(config.rms_norm_eps)),
      gate_(std::tanh(gate)) {
  const std::int64_t h = config.hidden_size;
  const std::int64_t q = config.heads * config.head_size;
  const std::int64_t kv = config.key_value_heads * config.head_size;
  query_ = weights.linear("q_proj", q, h, false);
  key_ = weights.linear("k_proj", kv, h, false);
  value_ = weights.linear("v_proj", kv, h, false);
  out_ = weights.linear("o_proj", h, q, false);
  query_norm_ = weights.vector("q_norm.weight", config.head_size);
  key_norm_ = weights.vector("k_norm.weight", config.head_size);
}

void CrossAttention::append(kernels::KeyValues& kv, const float* states, std::size_t count) const {
  const std::size_t row = key_value_heads_ * head_size_;
  Buffer<float> keys(std::min(count, kBlock) * row), values(keys.size());
  for (std::size_t first = 0; first < count; first += kBlock) {
    const std::size_t m = std::min(kBlock, count - first);
    const float* x = states + first * hidden_;
    key_.apply(x, m, hidden_, keys.data(), row);
    value_.apply(x, m, hidden_, values.data(), row);
    kernels_.rms_norm(keys.data(), m * key_value_heads_, head_size_, key_norm_.data(), eps_,
                      keys.data());
    kv.append(keys.data(), values.data(), row, m);
  }
}

void CrossAttention::add(const kernels::KeyValues& kv, const kernels::Visible* visible,
                         const float* normed, std::size_t m, float* x) const {
  const std::size_t row = heads_ * head_size_;
  Buffer<float> query(m * row), mixed(m * row), out(m * hidden_);
  query_.apply(normed, m, hidden_, query.data(), row);
  kernels_.rms_norm(query.data(), m * heads_, head_size_, query_norm_.data(), eps_, query.data());
  kernels_.attention(query.data(), row, m, heads_, kv,
                     1.0f / std::sqrt(static_cast<float>(head_size_)), visible, mixed.data(), row);
  out_.apply(mixed.data(), m, row, out.data(), hidden_);
  for (std::size_t i = 0; i < m * hidden_; ++i) x[i] += gate_ * out[i];
}

}  // namespace firstlight::nn
