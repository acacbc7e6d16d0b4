#include "firstlight/eval/intervals.h"

#include <gtest/gtest.h>

#include <cmath>

#include "bootstrap.h"

namespace firstlight {
namespace {

TEST(Fraction, KnownClosedForms) {
  // Without successes the upper limit is 1 - (alpha / 2)^(1/n).
  const Estimate none = fraction(0, 10, 0.95);
  EXPECT_EQ(none.value, 0);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 1 - std::pow(0.025, 0.1), 1e-12);
  const Estimate all = fraction(10, 10, 0.95);
  EXPECT_NEAR(all.low, std::pow(0.025, 0.1), 1e-12);
  EXPECT_EQ(all.high, 1);
  EXPECT_EQ(all.method, "clopper_pearson");
}

TEST(Fraction, IsSymmetric) {
  const Estimate a = fraction(3, 17, 0.9);
  const Estimate b = fraction(14, 17, 0.9);
  EXPECT_NEAR(a.low, 1 - b.high, 1e-12);
  EXPECT_NEAR(a.high, 1 - b.low, 1e-12);
}

TEST(Fraction, CoversAtLeastItsLevel) {
  // Exact coverage over the binomial distribution of 25 trials at several true fractions.
  for (const double p : {0.02, 0.1, 0.37, 0.5, 0.83}) {
    double covered = 0;
    for (int k = 0; k <= 25; ++k) {
      const double log_probability = std::lgamma(26) - std::lgamma(k + 1) - std::lgamma(26 - k) +
                                     k * std::log(p) + (25 - k) * std::log1p(-p);
      const Estimate e = fraction(k, 25, 0.95);
      if (e.low <= p && p <= e.high) covered += std::exp(log_probability);
    }
    EXPECT_GE(covered, 0.95) << p;
  }
}

TEST(Fraction, WithoutTrialsIsUndefined) {
  const Estimate e = fraction(0, 0, 0.95, "none of them");
  EXPECT_TRUE(std::isnan(e.value));
  EXPECT_TRUE(std::isnan(e.low));
  EXPECT_EQ(e.undefined, "none of them");
  EXPECT_TRUE(e.method.empty());
}

TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  const std::vector<double> sorted{1, 2, 4, 8};
  EXPECT_EQ(quantile(sorted, 0), 1);
  EXPECT_EQ(quantile(sorted, 1), 8);
  EXPECT_EQ(quantile(sorted, 0.5), 3);
  EXPECT_NEAR(quantile(sorted, 0.25), 1.75, 1e-15);
}

}  // namespace
}  // namespace firstlight
