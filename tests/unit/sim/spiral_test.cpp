#include "spiral.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>

namespace firstlight::sim {
namespace {

constexpr double kPi = std::numbers::pi;

/// Phase of the m-fold wave around (x0, y0) in a ring of radius r.
double ring_phase(const Plane& plane, double x0, double y0, double r, int m) {
  std::complex<double> sum = 0;
  const int steps = 720;
  for (int i = 0; i < steps; ++i) {
    const double theta = 2 * kPi * i / steps;
    const int x = static_cast<int>(std::lround(x0 + r * std::cos(theta)));
    const int y = static_cast<int>(std::lround(y0 + r * std::sin(theta)));
    sum += static_cast<double>(plane.at(x, y)) * std::polar(1.0, -m * theta);
  }
  return std::arg(sum);
}

SpiralPattern clean_pattern(int arms, double pitch_deg, bool clockwise) {
  SpiralPattern pattern;
  pattern.arms = arms;
  pattern.pitch = pitch_deg * kPi / 180;
  pattern.clockwise = clockwise;
  pattern.wobble = 0;
  pattern.lopsidedness = 0;
  pattern.flocculence = 0;
  return pattern;
}

TEST(Spiral, PitchAngleAndSenseAreRecovered) {
  for (const int arms : {2, 3, 4}) {
    for (const double pitch : {10.0, 20.0, 30.0}) {
      for (const bool clockwise : {false, true}) {
        Random random(1);
        const Ellipse disk{200, 200, 50, 1, 0};
        const SpiralLight light =
            spiral_light(401, 401, disk, clean_pattern(arms, pitch, clockwise), 0, random);
        // R = R_0 exp(theta tan(pitch)): the phase of an m-fold wave grows by m cot(pitch) d(ln R).
        const double step = 1.02;
        double turned = 0;
        int rings = 0;
        for (double r = 60; r < 150; r *= step, ++rings) {
          const double change = ring_phase(light.young, 200, 200, r * step, arms) -
                                ring_phase(light.young, 200, 200, r, arms);
          turned += std::remainder(change, 2 * kPi);
        }
        // arg of the wave cos(m (theta - f)) is -m f.
        const double slope = -turned / (arms * rings * std::log(step));
        EXPECT_NEAR(std::atan(1 / std::abs(slope)) * 180 / kPi, pitch, 0.05 * pitch)
            << arms << " arms, clockwise " << clockwise;
        EXPECT_EQ(slope < 0, clockwise) << arms << " arms, pitch " << pitch;
      }
    }
  }
}

TEST(Spiral, SmoothDiskKeepsFluxAndAxisRatio) {
  for (const double q : {1.0, 0.6, 0.4}) {
    Random random(1);
    const SpiralLight light =
        spiral_light(401, 401, {200, 200, 18, q, 0}, clean_pattern(2, 20, false), 0, random);
    EXPECT_NEAR(light.smooth.sum(), 1, 0.01);
    double xx = 0;
    double yy = 0;
    for (int y = 0; y < 401; ++y) {
      for (int x = 0; x < 401; ++x) {
        xx += light.smooth.at(x, y) * (x - 200.0) * (x - 200.0);
        yy += light.smooth.at(x, y) * (y - 200.0) * (y - 200.0);
      }
    }
    EXPECT_NEAR(std::sqrt(yy / xx), q, 0.02);
  }
}

TEST(Spiral, ThereIsNoBar) {
  // Inside the radius where arms fade in there is no two-fold pattern.
  Random random(1);
  SpiralPattern pattern = clean_pattern(2, 20, false);
  pattern.inner = 1.2;
  const SpiralLight light = spiral_light(401, 401, {200, 200, 50, 1, 0}, pattern, 0, random);
  for (int x = 185; x <= 215; ++x) {
    EXPECT_LT(light.young.at(x, 200), 0.1 * light.young.maximum()) << x;
  }
}

}  // namespace
}  // namespace firstlight::sim
