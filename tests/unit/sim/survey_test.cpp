#include "survey.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace firstlight::sim {
namespace {

struct Statistics {
  double mean;
  double variance;
};

Statistics statistics(const Plane& plane) {
  const double n = static_cast<double>(plane.values.size());
  const double mean = plane.sum() / n;
  double squares = 0;
  for (const float v : plane.values) squares += (v - mean) * (v - mean);
  return {mean, squares / (n - 1)};
}

TEST(Expose, SkyNoiseAndOffsetAreAsStated) {
  for (const double correlation : {0.0, 0.5}) {
    Scene scene(300, 300);
    Exposure exposure;
    exposure.sky_noise = {1.3, 1.0, 0.8};
    exposure.offset = {0.2, 0, -0.1};
    exposure.correlation_px = correlation;
    Random random(5);
    expose(scene, random, exposure);
    for (int b = 0; b < 3; ++b) {
      const Statistics s = statistics(scene.band(b));
      // 90,000 pixels: five standard deviations of the variance are 2.4 % (more where correlated).
      const double variance = exposure.sky_noise[b] * exposure.sky_noise[b];
      EXPECT_NEAR(s.variance, variance, 0.04 * variance) << b << " " << correlation;
      EXPECT_NEAR(s.mean, exposure.offset[b], 0.05);
    }
  }
}

TEST(Expose, ShotNoiseIsPoisson) {
  // One unit is sqrt(sky) electrons: light of s units adds s / sqrt(sky) to the variance.
  for (const double sky : {16.0, 400.0}) {  // on both sides of the normal limit
    Scene scene(300, 300);
    for (int b = 0; b < 3; ++b) {
      for (float& v : scene.band(b).values) v = 6;
    }
    Exposure exposure;
    exposure.sky_electrons = sky;
    Random random(6);
    expose(scene, random, exposure);
    const Statistics s = statistics(scene.band(1));
    const double variance = 1 + 6 / std::sqrt(sky);
    EXPECT_NEAR(s.variance, variance, 0.03 * variance);
    EXPECT_NEAR(s.mean, 6, 0.03);
  }
}

TEST(Stretch, KeepsColourAndFollowsAsinh) {
  Scene scene(2, 1);
  scene.band(0).at(0, 0) = 60;
  scene.band(1).at(0, 0) = 50;
  scene.band(2).at(0, 0) = 40;
  Picture picture;
  picture.slope = 10;
  picture.range = 7;
  const auto rgb = stretch(scene, picture);
  // Mean 50: 255 / 7 asinh(10 * 7 / 255 * 50) = 36.43 asinh(13.725) = 120.714
  EXPECT_NEAR(rgb[1].at(0, 0), 120.714, 0.01);
  EXPECT_NEAR(rgb[0].at(0, 0) / rgb[1].at(0, 0), 1.2, 1e-4);
  EXPECT_NEAR(rgb[2].at(0, 0) / rgb[1].at(0, 0), 0.8, 1e-4);
  EXPECT_EQ(rgb[0].at(1, 0), 0);
}

TEST(Stretch, WhiteIsKeptInColour) {
  Scene scene(1, 1);
  scene.band(0).at(0, 0) = 1e6f;
  scene.band(1).at(0, 0) = 5e5f;
  scene.band(2).at(0, 0) = 0;
  const auto rgb = stretch(scene, {});
  EXPECT_NEAR(rgb[0].at(0, 0), 255, 0.01);
  EXPECT_NEAR(rgb[1].at(0, 0), 127.5, 0.01);
}

TEST(RotatedMiddle, TurnsByTheAngle) {
  // A short bar along +x; the pixel at offset d shows what lay at R(angle) d.
  Plane plane(61, 61);
  for (int x = 20; x <= 40; ++x) plane.at(x, 30) = 100;
  const Plane turned = rotated_middle(plane, std::numbers::pi / 6, 41);
  // The bar now lies at -30 degrees: offset (8.66, -5).
  EXPECT_GT(turned.at(29, 15), 30);
  EXPECT_LT(turned.at(29, 25), 5);
  const Plane same = rotated_middle(plane, 0, 41);
  for (int x = 0; x < 41; ++x) EXPECT_NEAR(same.at(x, 20), plane.at(x + 10, 30), 1e-4);
}

}  // namespace
}  // namespace firstlight::sim
