#include "firstlight/sim/lsbg.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "firstlight/base/error.h"

namespace firstlight::sim {
namespace {

TEST(Lsbg, EveryKindIsFiniteReproducibleAndOfItsClass) {
  for (const auto* kinds : {&lsbg_kinds(), &artifact_kinds()}) {
    for (const std::string& kind : *kinds) {
      for (int k = 0; k < 5; ++k) {
        LsbgOptions options;
        options.kind = kind;
        options.keep_bands = true;
        Random first(11, k);
        Random second(11, k);
        const SimulatedLsbg a = simulate_lsbg(first, options);
        EXPECT_EQ(a.image.pixels, simulate_lsbg(second, options).image.pixels) << kind;
        EXPECT_EQ(a.truth.kind, kind);
        EXPECT_EQ(a.truth.class_key, kinds == &lsbg_kinds() ? "lsbg" : "artifact");
        for (const float v : a.bands.values) ASSERT_TRUE(std::isfinite(v)) << kind;
      }
    }
  }
}

TEST(Lsbg, ClassesAreEquallyLikelyAndAllKindsOccur) {
  std::set<std::string> kinds;
  int lsbg = 0;
  LsbgOptions options;
  options.size = 16;
  for (int k = 0; k < 1000; ++k) {
    Random random(2, k);
    const LsbgTruth truth = simulate_lsbg(random, options).truth;
    lsbg += truth.class_key == "lsbg";
    kinds.insert(truth.kind);
  }
  EXPECT_NEAR(lsbg, 500, 80);  // five standard deviations
  EXPECT_EQ(kinds.size(), lsbg_kinds().size() + artifact_kinds().size());
}

TEST(Lsbg, GalaxiesAreFaintCentredAndOffCentreOnesAreNot) {
  const auto brightness = [](const std::string& kind, int x0, int x1) {
    double total = 0;
    for (int k = 0; k < 60; ++k) {
      Random random(4, k);
      LsbgOptions options;
      options.kind = kind;
      const Image image = simulate_lsbg(random, options).image;
      double mean = 0;
      for (int y = x0; y < x1; ++y) {
        for (int x = x0; x < x1; ++x) mean += image.at(x, y)[1];
      }
      total += mean / ((x1 - x0) * (x1 - x0));
    }
    return total / 60;
  };
  const double sky = brightness("empty", 29, 35);
  const double smooth = brightness("smooth", 29, 35);
  EXPECT_GT(smooth, sky + 10);
  EXPECT_LT(smooth, 150);
  EXPECT_LT(brightness("off_centre_lsbg", 29, 35), smooth - 8);
}

TEST(Lsbg, WrongOptionsAreErrors) {
  Random random(1);
  LsbgOptions options;
  options.kind = "smoth";
  EXPECT_THROW(simulate_lsbg(random, options), Error);
  options.kind = "smooth";
  options.class_key = "artifact";
  EXPECT_THROW(simulate_lsbg(random, options), Error);
  options.kind.reset();
  options.class_key = "galaxy";
  EXPECT_THROW(simulate_lsbg(random, options), Error);
}

}  // namespace
}  // namespace firstlight::sim
