#include "firstlight/sim/galaxies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <string>

#include "firstlight/base/error.h"

namespace firstlight::sim {
namespace {

TEST(Galaxies, SameSeedGivesTheSameBytes) {
  for (int k = 0; k < 8; ++k) {
    Random first(7, k);
    Random second(7, k);
    const SimulatedGalaxy a = simulate_galaxy(first);
    const SimulatedGalaxy b = simulate_galaxy(second);
    EXPECT_EQ(a.image.pixels, b.image.pixels);
    EXPECT_EQ(a.truth.class_key, b.truth.class_key);
    Random other(8, k);
    EXPECT_NE(simulate_galaxy(other).image.pixels, a.image.pixels);
  }
}

TEST(Galaxies, EveryClassIsFiniteAndCentred) {
  for (const std::string& key : galaxy_classes()) {
    double middle = 0;
    double corner = 0;
    for (int k = 0; k < 12; ++k) {
      Random random(3, k);
      GalaxyOptions options;
      options.size = 96;
      options.class_key = key;
      options.keep_bands = true;
      const SimulatedGalaxy galaxy = simulate_galaxy(random, options);
      EXPECT_EQ(galaxy.truth.class_key, key);
      ASSERT_EQ(galaxy.image.size(), 96u * 96 * 3);
      ASSERT_EQ(galaxy.bands.values.size(), 96u * 96 * 3);
      for (const float v : galaxy.bands.values) ASSERT_TRUE(std::isfinite(v));
      middle += galaxy.image.at(48, 48)[1];
      corner += galaxy.image.at(2, 2)[1];
    }
    EXPECT_GT(middle / 12, 80) << key;
    EXPECT_LT(corner / 12, 60) << key;
  }
}

TEST(Galaxies, ClassesAreEquallyLikely) {
  std::map<std::string, int> counts;
  GalaxyOptions options;
  options.size = 16;
  for (int k = 0; k < 400; ++k) {
    Random random(1, k);
    ++counts[simulate_galaxy(random, options).truth.class_key];
  }
  // 100 of 400 expected each; five standard deviations are 43.
  for (const std::string& key : galaxy_classes()) EXPECT_NEAR(counts[key], 100, 43) << key;
}

TEST(Galaxies, SizeChangesTheSamplingOnly) {
  GalaxyOptions small;
  small.size = 56;
  GalaxyOptions large;
  large.size = 224;
  for (int k = 0; k < 6; ++k) {
    Random first(5, k);
    Random second(5, k);
    const Image a = simulate_galaxy(first, small).image;
    const Image b = simulate_galaxy(second, large).image;
    double difference = 0;
    for (int y = 0; y < 56; ++y) {
      for (int x = 0; x < 56; ++x) {
        double mean = 0;
        for (int j = 0; j < 4; ++j) {
          for (int i = 0; i < 4; ++i) mean += b.at(4 * x + i, 4 * y + j)[1] / 16.0;
        }
        difference += std::abs(mean - a.at(x, y)[1]) / (56.0 * 56.0);
      }
    }
    EXPECT_LT(difference, 2.5);
  }
}

TEST(Galaxies, TruthDescribesThePicture) {
  // Angle of the light's second moments around the middle, against the truth.
  int checked = 0;
  double worst = 0;
  for (int k = 0; k < 25; ++k) {
    Random random(9, k);
    GalaxyOptions options;
    options.class_key = "edge_on_disk";
    options.size = 128;
    const SimulatedGalaxy galaxy = simulate_galaxy(random, options);
    double xx = 0;
    double yy = 0;
    double xy = 0;
    for (int y = 34; y < 94; ++y) {
      for (int x = 34; x < 94; ++x) {
        const double dx = x - 63.5;
        const double dy = 63.5 - y;  // upwards
        const double light = std::max(0.0, galaxy.image.at(x, y)[1] - 25.0);
        if (dx * dx + dy * dy > 900) continue;
        xx += light * dx * dx;
        yy += light * dy * dy;
        xy += light * dx * dy;
      }
    }
    const double angle = 0.5 * std::atan2(2 * xy, xx - yy) * 180 / std::numbers::pi;
    const double off = std::abs(std::remainder(angle - galaxy.truth.position_angle_deg, 180.0));
    checked += off < 6;
    worst = std::max(worst, off);
  }
  // A bright neighbour may turn one or two.
  EXPECT_GE(checked, 22) << worst;
}

TEST(Galaxies, WrongOptionsAreErrors) {
  Random random(1);
  GalaxyOptions options;
  options.class_key = "smooth_rund";
  EXPECT_THROW(simulate_galaxy(random, options), Error);
  options.class_key.reset();
  options.size = 8;
  EXPECT_THROW(simulate_galaxy(random, options), Error);
}

}  // namespace
}  // namespace firstlight::sim
