#include "firstlight/train/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

namespace firstlight::train {
namespace {

TEST(Schedule, WarmsUpPeaksAndEndsAtItsFraction) {
  const Schedule schedule{2e-3, 10, 110, 0.05};
  EXPECT_DOUBLE_EQ(schedule.at(0), 2e-4);
  EXPECT_DOUBLE_EQ(schedule.at(9), 2e-3);
  EXPECT_NEAR(schedule.at(60), 2e-3 * (0.05 + 0.95 * 0.5), 1e-12);
  EXPECT_NEAR(schedule.at(110), 1e-4, 1e-12);
}

// First step of Adam: m/bias = g, v/bias = g^2, so the step is rate * sign(g), whatever |g|.
TEST(AdamW, FirstStepIsTheRateInTheSignOfTheGradient) {
  AdamW::Options options;
  options.weight_decay = 0.5;
  options.clip = 1e9;
  AdamW optimizer(3, options);
  torch::Tensor parameters = torch::tensor({1.0F, 1.0F, 1.0F});
  torch::Tensor gradients = torch::tensor({4.0F, -0.25F, 8.0F});
  const double norm = optimizer.step(
      parameters, gradients, {{0, 1, 1.0, false}, {1, 2, 1.0, true}, {2, 3, 0.0, false}}, 0.1);
  EXPECT_NEAR(norm, std::sqrt(16 + 0.0625 + 64), 1e-4);
  EXPECT_NEAR(parameters[0].item<float>(), 1 - 0.1, 1e-5);
  EXPECT_NEAR(parameters[1].item<float>(), 1 * (1 - 0.1 * 0.5) + 0.1, 1e-5);
  EXPECT_EQ(parameters[2].item<float>(), 1.0F);  // frozen
  EXPECT_EQ(gradients.abs().sum().item<float>(), 0);
}

TEST(AdamW, ClippingScalesTheMomentAndNonFiniteGradientsAreSkipped) {
  AdamW::Options options;
  options.clip = 1.0;
  options.beta1 = 0;
  AdamW optimizer(1, options);
  torch::Tensor parameters = torch::zeros({1});
  torch::Tensor gradients = torch::full({1}, 100.0F);
  optimizer.step(parameters, gradients, {{0, 1, 1.0, false}}, 0.1);
  EXPECT_NEAR(optimizer.first_moment().item<float>(), 1.0, 1e-5);
  const float before = parameters.item<float>();
  gradients.fill_(std::nan(""));
  optimizer.step(parameters, gradients, {{0, 1, 1.0, false}}, 0.1);
  EXPECT_EQ(parameters.item<float>(), before);
  EXPECT_EQ(optimizer.count(), 1);
}

}  // namespace
}  // namespace firstlight::train
