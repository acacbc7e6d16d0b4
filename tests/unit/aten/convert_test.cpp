#include "convert.h"

#include <gtest/gtest.h>

#include <limits>

namespace firstlight::aten {
namespace {

using torch::Tensor;

// Odd sizes, so that tiles and vectors end in the middle.
TEST(Convert, GivesTheBitsOfAten) {
  torch::manual_seed(1);
  const Tensor x = torch::randn({67, 45}) * 1e3;
  const Tensor narrow = to_bf16(x);
  EXPECT_TRUE(at::equal(narrow, x.to(torch::kBFloat16)));
  EXPECT_TRUE(at::equal(to_f32(narrow), narrow.to(torch::kFloat)));
  EXPECT_TRUE(at::equal(transposed(narrow), narrow.t().contiguous()));
  EXPECT_TRUE(at::equal(to_bf16(x.t()), x.t().contiguous().to(torch::kBFloat16)));
}

TEST(Convert, KeepsInfinityAndNan) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float low_payload = std::nanf("1");  // rounding its bits would give infinity
  const Tensor y = to_f32(to_bf16(torch::tensor({infinity, -infinity, low_payload, 0.0F})));
  EXPECT_EQ(y[0].item<float>(), infinity);
  EXPECT_EQ(y[1].item<float>(), -infinity);
  EXPECT_TRUE(std::isnan(y[2].item<float>()));
  EXPECT_EQ(y[3].item<float>(), 0.0F);
}

TEST(Convert, ColumnSumsAreF32) {
  torch::manual_seed(2);
  const Tensor x = torch::randn({1000, 130}).to(torch::kBFloat16);
  const Tensor sums = column_sums(x);
  EXPECT_EQ(sums.scalar_type(), torch::kFloat);
  EXPECT_LT((sums - x.to(torch::kDouble).sum(0)).abs().max().item<double>(), 1e-3);
}

}  // namespace
}  // namespace firstlight::aten
