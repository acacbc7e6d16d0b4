#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "numbers.h"

namespace firstlight::kernels {
namespace {

class Rows : public testing::TestWithParam<Isa> {};

TEST_P(Rows, LayerNormAndRmsNorm) {
  const Kernels& kernels = Kernels::get(GetParam());
  for (const std::size_t n : {1, 7, 16, 50, 192}) {
    const std::size_t m = 3;
    const std::vector<float> x = normal_numbers(m * n, 1, 3.0);
    const std::vector<float> weight = normal_numbers(n, 2);
    const std::vector<float> bias = normal_numbers(n, 3);
    std::vector<float> layer(m * n), rms(m * n);
    kernels.layer_norm(x.data(), m, n, weight.data(), bias.data(), 1e-5f, layer.data());
    kernels.rms_norm(x.data(), m, n, weight.data(), 1e-6f, rms.data());
    for (std::size_t r = 0; r < m; ++r) {
      double mean = 0, square = 0, variance = 0;
      for (std::size_t i = 0; i < n; ++i) mean += x[r * n + i] / static_cast<double>(n);
      for (std::size_t i = 0; i < n; ++i) {
        square += std::pow(x[r * n + i], 2) / static_cast<double>(n);
        variance += std::pow(x[r * n + i] - mean, 2) / static_cast<double>(n);
      }
      for (std::size_t i = 0; i < n; ++i) {
        const double a = (x[r * n + i] - mean) / std::sqrt(variance + 1e-5) * weight[i] + bias[i];
        const double b = x[r * n + i] / std::sqrt(square + 1e-6) * weight[i];
        EXPECT_NEAR(layer[r * n + i], a, 2e-6 * (1 + std::abs(a)));
        EXPECT_NEAR(rms[r * n + i], b, 2e-6 * (1 + std::abs(b)));
      }
    }
  }
}

TEST_P(Rows, ActivationsFollowTheirFormulas) {
  const Kernels& kernels = Kernels::get(GetParam());
  const std::function<double(double)> formulas[] = {
      [](double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); },
      [](double x) {
        return 0.5 * x *
               (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
      },
      [](double x) { return x / (1 + std::exp(-1.702 * x)); },
      [](double x) { return x / (1 + std::exp(-x)); }, [](double x) { return x > 0 ? x : 0.0; }};
  std::vector<float> x;
  for (int i = -600; i <= 600; ++i) x.push_back(static_cast<float>(i) * 0.02f);
  x.insert(x.end(), {-100.0f, 100.0f, -88.0f, 1e-6f});
  for (int a = 0; a < 5; ++a) {
    std::vector<float> y = x;
    kernels.activate(static_cast<Activation>(a), y.data(), 1, y.size(), y.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double expected = formulas[a](x[i]);
      EXPECT_NEAR(y[i], expected, 1e-6 * std::max(0.1, std::abs(expected))) << a << " " << x[i];
    }
    std::vector<float> gated(x.size() / 2);
    kernels.gate(static_cast<Activation>(a), x.data(), 1, gated.size(), x.size(), gated.data());
    for (std::size_t i = 0; i < gated.size(); ++i) {
      EXPECT_FLOAT_EQ(gated[i], y[i] * x[gated.size() + i]);
    }
  }
}

TEST_P(Rows, RotatesHalves) {
  const Kernels& kernels = Kernels::get(GetParam());
  std::vector<float> x = {1, 2, 3, 4, 5, 6, 7, 8};  // one row, two heads of four
  const float cos[] = {0.6f, 1.0f};
  const float sin[] = {0.8f, 0.0f};
  kernels.rotate(x.data(), 1, 8, 2, 4, cos, sin);
  const std::vector<float> expected = {0.6f - 2.4f, 2, 1.8f + 0.8f, 4, 3 - 5.6f, 6, 4.2f + 4, 8};
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_FLOAT_EQ(x[i], expected[i]);
}

TEST_P(Rows, LogSumExpIsStable) {
  const Kernels& kernels = Kernels::get(GetParam());
  for (const std::size_t n : {1, 5, 16, 33, 4096}) {
    std::vector<float> x = normal_numbers(n, 7, 20.0);
    for (float& v : x) v += 500.0f;
    double top = -1e30, total = 0.0;
    for (const float v : x) top = std::max<double>(top, v);
    for (const float v : x) total += std::exp(v - top);
    EXPECT_NEAR(kernels.log_sum_exp(x.data(), n), top + std::log(total), 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, Rows, testing::ValuesIn(every_isa()),
                         [](const auto& p) { return to_string(p.param); });

}  // namespace
}  // namespace firstlight::kernels
