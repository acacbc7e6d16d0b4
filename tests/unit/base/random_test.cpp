#include "firstlight/base/random.h"

#include <gtest/gtest.h>

#include <cmath>

namespace firstlight {
namespace {

TEST(Random, SameSeedSameNumbersAndStreamsDiffer) {
  Random a(7);
  Random b(7);
  Random c(7, 1);
  Random d(7, 2);
  EXPECT_EQ(a(), b());
  EXPECT_NE(c(), d());
}

TEST(Random, StateContinuesTheStream) {
  Random a(3);
  a();
  Random b = Random::from_state(a.state());
  EXPECT_EQ(a(), b());
}

TEST(Random, NormalHasUnitMoments) {
  Random random(1);
  double sum = 0;
  double squares = 0;
  const int n = 200000;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2.0 / n));
}

// Both branches of the sampler: mean and variance of a Poisson variable are equal.
TEST(Random, PoissonMeanEqualsVariance) {
  for (const double mean : {0.3, 12.0, 45.0, 3000.0}) {
    Random random(2);
    const int n = 100000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < n; ++i) {
      const auto k = static_cast<double>(random.poisson(mean));
      sum += k;
      squares += (k - mean) * (k - mean);
    }
    EXPECT_NEAR(sum / n, mean, 5 * std::sqrt(mean / n)) << mean;
    EXPECT_NEAR(squares / n / mean, 1, 0.05) << mean;
  }
}

}  // namespace
}  // namespace firstlight
