// The kernels of every instruction set that this machine has, against what ATen makes of the same
// numbers.
#include "firstlight/kernels/kernels.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <array>
#include <cmath>

#include "firstlight/aten/functions.h"

namespace firstlight::kernels {
namespace {

using torch::Tensor;

const float* data(const Tensor& x) { return x.data_ptr<float>(); }
float* data(Tensor& x) { return x.data_ptr<float>(); }
Tensor rounded(const Tensor& x) { return x.to(torch::kBFloat16).to(torch::kFloat); }

class KernelsAndAten : public testing::TestWithParam<Isa> {
 protected:
  void SetUp() override { torch::manual_seed(1); }
  const Kernels& kernels() const { return Kernels::get(GetParam()); }

  static void expect_near(const Tensor& ours, const Tensor& theirs, double tolerance) {
    ASSERT_EQ(ours.sizes(), theirs.sizes());
    EXPECT_LE((ours - theirs).abs().max().item<double>(), tolerance);
  }
};

PackedMatrix packed(const Kernels& kernels, Precision precision, const Tensor& w) {
  PackedMatrix matrix(kernels, precision, w.size(0), w.size(1));
  matrix.set_rows(0, w.size(0), Source::kF32, data(w));
  return matrix;
}

TEST_P(KernelsAndAten, Linear) {
  for (const auto& [m, n, k] :
       {std::array<std::int64_t, 3>{1, 129, 70}, {3, 64, 65}, {37, 200, 512}}) {
    const Tensor x = torch::randn({m, k}), w = torch::randn({n, k}), bias = torch::randn({n});
    for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
      const bool f32 = precision == Precision::kF32;
      Tensor y = torch::empty({m, n});
      kernels().linear(packed(kernels(), precision, w), data(bias), data(x), m, k, data(y), n);
      expect_near(y, aten::linear(f32 ? x : rounded(x), f32 ? w : rounded(w), bias, true),
                  4e-6 * static_cast<double>(k));
    }
  }
}

TEST_P(KernelsAndAten, LinearInFourBits) {
  const std::int64_t m = 19, n = 150, k = 256;
  const auto blocks = k / static_cast<std::int64_t>(kScaleBlock);
  std::array<float, 16> values;
  for (int i = 0; i < 16; ++i) values[i] = std::sin(static_cast<float>(i)) / 2;
  const Tensor codes = torch::randint(0, 16, {n, k}, torch::kLong);
  const Tensor scales = torch::rand({n, blocks}) + 0.5;
  const Tensor pairs =
      (codes.view({n, k / 2, 2}).select(2, 0) * 16 + codes.view({n, k / 2, 2}).select(2, 1))
          .to(torch::kByte)
          .contiguous();
  PackedMatrix matrix(kernels(), values, n, k);
  matrix.set_codes(0, n, pairs.data_ptr<std::uint8_t>(), data(scales));
  ASSERT_EQ(matrix.precision(), Precision::k4Bit);
  const Tensor table = torch::from_blob(values.data(), {16}, torch::kFloat);
  const Tensor w =
      rounded((table.index_select(0, codes.flatten()).view({n, blocks, -1}) * scales.unsqueeze(-1))
                  .view({n, k}));
  const Tensor x = torch::randn({m, k}), bias = torch::randn({n});
  for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{4}, m}) {
    Tensor y = torch::empty({rows, n});
    kernels().linear(matrix, data(bias), data(x), rows, k, data(y), n);
    expect_near(y, aten::linear(rounded(x.narrow(0, 0, rows)), w, bias, true), 1e-3);
  }
}

TEST_P(KernelsAndAten, GatedLinear) {
  const std::int64_t m = 21, n = 96, k = 64;
  const Tensor x = torch::randn({m, k}), w = torch::randn({2 * n, k}) / 8;
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    const bool f32 = precision == Precision::kF32;
    Tensor y = torch::empty({m, n});
    kernels().gated_linear(packed(kernels(), precision, w), nullptr, Activation::kSilu, data(x), m,
                           k, data(y));
    const Tensor both = aten::linear(f32 ? x : rounded(x), f32 ? w : rounded(w), Tensor(), true);
    expect_near(y, aten::swiglu(both), 1e-4);
  }
}

TEST_P(KernelsAndAten, Attention) {
  // More keys than a block, heads that share keys, and a window that moves.
  const std::int64_t keys = 300, queries = 40, heads = 6, groups = 3, d = 20;
  const Tensor q = torch::randn({queries, heads, d});
  const Tensor k = torch::randn({keys, groups, d}), v = torch::randn({keys, groups, d});
  const float scale = 0.3f;
  std::vector<Visible> visible(queries);
  Tensor mask = torch::full({queries, keys}, -INFINITY);
  for (std::int64_t i = 0; i < queries; ++i) {
    visible[i] = {static_cast<std::size_t>(3 * i), static_cast<std::size_t>(3 * i + 150), 0, 0,
                  nullptr};
    mask[i].narrow(0, 3 * i, 150).fill_(0);
  }
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    const bool f32 = precision == Precision::kF32;
    KeyValues kv(kernels(), groups, d, keys, precision);
    kv.append(data(k), data(v), groups * d, keys);
    Tensor out = torch::empty({queries, heads, d});
    kernels().attention(data(q), heads * d, queries, heads, kv, scale, visible.data(), data(out),
                        heads * d);
    const auto heads_first = [&](const Tensor& x) {
      return (f32 ? x : rounded(x)).repeat_interleave(heads / x.size(1), 1).transpose(0, 1);
    };
    const Tensor weights =
        at::softmax(at::bmm(heads_first(q), heads_first(k).transpose(1, 2)) * scale + mask, -1);
    const Tensor theirs = at::bmm(weights, heads_first(v)).transpose(0, 1);
    // In bf16 the weights of the average are rounded too.
    expect_near(out, theirs, f32 ? 1e-5 : 0.02);
  }
}

TEST_P(KernelsAndAten, Norms) {
  for (const std::int64_t n : {7, 64, 1000}) {
    const Tensor x = torch::randn({5, n}) * 3 + 1, w = torch::randn({n}), bias = torch::randn({n});
    Tensor y = torch::empty({5, n});
    kernels().layer_norm(data(x), 5, n, data(w), data(bias), 1e-5f, data(y));
    expect_near(y, at::layer_norm(x, {n}, w, bias, 1e-5), 1e-5);
    kernels().rms_norm(data(x), 5, n, data(w), 1e-6f, data(y));
    expect_near(y, aten::rms_norm(x, w, 1e-6, true), 1e-5);
  }
}

TEST_P(KernelsAndAten, Rotary) {
  const std::int64_t rows = 9, heads = 5, d = 24;
  const Tensor x = torch::randn({rows, heads, d}), angles = torch::randn({rows, d / 2});
  const Tensor cosine = angles.cos(), sine = angles.sin();
  Tensor y = x.clone();
  kernels().rotate(data(y), rows, heads * d, heads, d, data(cosine), data(sine));
  expect_near(y, aten::rotary(x, cosine, sine, heads), 1e-6);
}

TEST_P(KernelsAndAten, Activations) {
  const Tensor x = torch::randn({3, 77}) * 4;
  const std::vector<std::pair<Activation, Tensor>> cases = {
      {Activation::kGelu, at::gelu(x)},
      {Activation::kGeluTanh,
       0.5 * x * (1 + at::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x.pow(3))))},
      {Activation::kQuickGelu, x * at::sigmoid(1.702 * x)},
      {Activation::kSilu, at::silu(x)},
      {Activation::kRelu, at::relu(x)}};
  for (const auto& [activation, theirs] : cases) {
    Tensor y = x.clone();
    kernels().activate(activation, data(y), 3, 77, 77);
    expect_near(y, theirs, 2e-6);
  }
}

TEST_P(KernelsAndAten, LogSumExp) {
  for (const std::int64_t n : {1, 33, 5000}) {
    const Tensor x = torch::randn({n}) * 10;
    EXPECT_NEAR(kernels().log_sum_exp(data(x), n), at::logsumexp(x, {0}).item<float>(), 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryIsa, KernelsAndAten, testing::ValuesIn(available_isas()),
                         [](const auto& test) { return to_string(test.param); });

}  // namespace
}  // namespace firstlight::kernels
