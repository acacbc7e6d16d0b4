#include "firstlight/aten/functions.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>

namespace firstlight::aten {
namespace {

using torch::Tensor;

double largest(const Tensor& x) { return x.abs().max().item<double>(); }

/// Gradients of sum(f(inputs) * weights) with respect to every input.
template <typename Function>
std::vector<Tensor> gradients(Function f, std::vector<Tensor> inputs, const Tensor& weights) {
  for (Tensor& x : inputs) x = x.detach().requires_grad_(true);
  (f(inputs) * weights).sum().backward();
  std::vector<Tensor> grads;
  for (const Tensor& x : inputs) grads.push_back(x.grad());
  return grads;
}

TEST(Functions, LinearInBf16IsCloseToF32WithItsGradients) {
  torch::manual_seed(1);
  const std::vector<Tensor> inputs = {torch::randn({37, 64}), torch::randn({48, 64}) / 8,
                                      torch::randn({48})};
  const Tensor weights = torch::randn({37, 48});
  const auto f = [](bool f32) {
    return [f32](const std::vector<Tensor>& x) {
      return linear(x[0], x[1], x[2], f32).to(torch::kFloat);
    };
  };
  EXPECT_LT(largest(f(true)(inputs) - f(false)(inputs)), 0.05);
  const auto exact = gradients(f(true), inputs, weights);
  const auto rounded = gradients(f(false), inputs, weights);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    EXPECT_LT(largest(exact[i] - rounded[i]), 0.02 * largest(exact[i])) << i;
  }
}

TEST(Functions, RmsNormEqualsItsFormulaWithItsGradients) {
  torch::manual_seed(2);
  const std::vector<Tensor> inputs = {torch::randn({9, 32}), torch::randn({32})};
  const Tensor weights = torch::randn({9, 32});
  const auto fused = [](const std::vector<Tensor>& x) { return rms_norm(x[0], x[1], 1e-5, true); };
  const auto formula = [](const std::vector<Tensor>& x) {
    return x[0] * at::rsqrt(x[0].square().mean(-1, true) + 1e-5) * x[1];
  };
  EXPECT_LT(largest(fused(inputs) - formula(inputs)), 1e-5);
  const auto a = gradients(fused, inputs, weights);
  const auto b = gradients(formula, inputs, weights);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_LT(largest(a[i] - b[i]), 1e-4) << i;
}

TEST(Functions, RotaryTurnsPairsByTheirAngle) {
  torch::manual_seed(3);
  const Tensor x = torch::randn({5, 3, 8});
  const Tensor angles = torch::randn({5, 4});
  const Tensor weights = torch::randn({5, 3, 8});
  const auto fused = [&](const std::vector<Tensor>& in) {
    return rotary(in[0], angles.cos(), angles.sin(), 2);
  };
  const auto formula = [&](const std::vector<Tensor>& in) {
    const Tensor a = in[0].narrow(2, 0, 4);
    const Tensor b = in[0].narrow(2, 4, 4);
    const Tensor c = angles.cos().unsqueeze(1);
    const Tensor s = angles.sin().unsqueeze(1);
    const Tensor turned = at::cat({a * c - b * s, b * c + a * s}, 2);
    return at::cat({turned.narrow(1, 0, 2), in[0].narrow(1, 2, 1)}, 1);
  };
  EXPECT_LT(largest(fused({x}) - formula({x})), 1e-6);
  EXPECT_LT(largest(gradients(fused, {x}, weights)[0] - gradients(formula, {x}, weights)[0]), 1e-6);
}

/// The fused function in f32 and bf16 against its formula in f32, with the gradient of its input.
template <typename Fused, typename Formula>
void expect_same(Fused fused, Formula formula, const Tensor& input, const Tensor& weights) {
  const auto exact = gradients(formula, {input}, weights);
  const Tensor value = formula(std::vector<Tensor>{input});
  EXPECT_LT(largest(fused(std::vector<Tensor>{input}) - value), 1e-5);
  EXPECT_LT(largest(gradients(fused, {input}, weights)[0] - exact[0]), 1e-5);

  const Tensor narrow = input.to(torch::kBFloat16);
  const Tensor rounded = narrow.to(torch::kFloat);
  const Tensor near = formula(std::vector<Tensor>{rounded});
  EXPECT_LT(largest(fused(std::vector<Tensor>{narrow}).to(torch::kFloat) - near),
            0.005 * largest(near));
  const Tensor slope =
      gradients(formula, {rounded}, weights.to(torch::kBFloat16).to(torch::kFloat))[0];
  const Tensor fused_slope = gradients(fused, {narrow}, weights.to(torch::kBFloat16))[0];
  EXPECT_EQ(fused_slope.scalar_type(), torch::kBFloat16);
  EXPECT_LT(largest(fused_slope.to(torch::kFloat) - slope), 0.01 * largest(slope));
}

TEST(Functions, CausalSoftmaxEqualsItsFormula) {
  torch::manual_seed(5);
  const Tensor mask = torch::full({5, 12}, -1e30).triu(8);  // row i sees 8 + i columns
  expect_same([](const std::vector<Tensor>& x) { return causal_softmax(x[0], 0.3); },
              [&](const std::vector<Tensor>& x) { return at::softmax(x[0] * 0.3 + mask, -1); },
              torch::randn({3, 5, 12}) * 4, torch::randn({3, 5, 12}));
}

TEST(Functions, CausalSoftmaxOfLargeScoresIsFinite) {
  const Tensor x = torch::tensor({{1e4F, -1e4F, 300.0F}, {-1e30F, -1e30F, -1e30F}}).view({1, 2, 3});
  const Tensor y = causal_softmax(x, 1.0);
  EXPECT_LT(largest(y - torch::tensor({{1.0F, 0.0F, 0.0F}, {1 / 3.0F, 1 / 3.0F, 1 / 3.0F}})), 1e-6);
}

TEST(Functions, SwigluEqualsItsFormula) {
  torch::manual_seed(6);
  expect_same([](const std::vector<Tensor>& x) { return swiglu(x[0]); },
              [](const std::vector<Tensor>& x) {
                const auto halves = x[0].chunk(2, 1);
                return at::silu(halves[0]) * halves[1];
              },
              torch::randn({11, 38}) * 3, torch::randn({11, 19}));
}

}  // namespace
}  // namespace firstlight::aten
