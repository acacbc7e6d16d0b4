#include "firstlight/sim/render.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace firstlight::sim {
namespace {

constexpr double kPi = std::numbers::pi;

/// Radius of the ellipse (axis ratio q, angle 0) that holds half of the plane's light.
double growth_curve_half_radius(const Plane& plane, double x0, double y0, double q) {
  std::vector<std::pair<double, double>> pixels;
  for (int y = 0; y < plane.height; ++y) {
    for (int x = 0; x < plane.width; ++x) {
      pixels.emplace_back(std::hypot(x - x0, (y - y0) / q), plane.at(x, y));
    }
  }
  std::sort(pixels.begin(), pixels.end());
  const double half = plane.sum() / 2;
  double total = 0;
  for (const auto& [r, flux] : pixels) {
    total += flux;
    if (total >= half) return r;
  }
  return 0;
}

struct Moments {
  double x, y, major, minor, angle;
};

Moments moments(const Plane& plane) {
  double f = 0, mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
  for (int y = 0; y < plane.height; ++y) {
    for (int x = 0; x < plane.width; ++x) {
      const double v = plane.at(x, y);
      f += v;
      mx += v * x;
      my += v * y;
      xx += v * x * x;
      yy += v * y * y;
      xy += v * x * y;
    }
  }
  mx /= f;
  my /= f;
  xx = xx / f - mx * mx;
  yy = yy / f - my * my;
  xy = xy / f - mx * my;
  const double mean = (xx + yy) / 2;
  const double spread = std::hypot((xx - yy) / 2, xy);
  return {mx, my, std::sqrt(mean + spread), std::sqrt(mean - spread),
          0.5 * std::atan2(2 * xy, xx - yy)};
}

TEST(SersicB, HalvesTheLight) {
  // b_n solves P(2n, b) = 1/2 (incomplete gamma function); values from scipy.special.gammaincinv.
  EXPECT_NEAR(sersic_b(0.5), 0.6931471806, 3e-4);
  EXPECT_NEAR(sersic_b(1), 1.6783469900, 5e-5);
  EXPECT_NEAR(sersic_b(2), 3.6720607489, 5e-6);
  EXPECT_NEAR(sersic_b(4), 7.6692494426, 1e-6);
  EXPECT_NEAR(sersic_b(8), 15.6679295443, 1e-6);
}

TEST(BesselK1, EqualsTabulatedValues) {
  EXPECT_NEAR(bessel_k1(0.1), 9.853844780870606, 1e-7);
  EXPECT_NEAR(bessel_k1(1), 0.6019072301972346, 1e-8);
  EXPECT_NEAR(bessel_k1(2), 0.13986588181652243, 1e-8);
  EXPECT_NEAR(bessel_k1(5), 0.004044613445452164, 1e-9);
}

class SersicProfile : public testing::TestWithParam<double> {};

TEST_P(SersicProfile, FluxAndHalfLightRadiusAreRecovered) {
  const double n = GetParam();
  Plane plane(401, 401);
  // Off a pixel's centre, where careless sampling of the cusp would show.
  add_sersic(plane, {200.3, 199.8, 12, 0.6, 0}, n, 1000);
  // What the profile has outside the frame is known: the frame ends at 200/12 radii across, more
  // along the minor axis; for n = 4 that is some 2 % of the light.
  const double b = sersic_b(n);
  double inside = 0;
  const int steps = 20000;
  for (int i = 0; i < steps; ++i) {
    const double r = (i + 0.5) * 200 / steps;
    inside += 2 * kPi * 0.6 * r * sersic_intensity(r, 12, n, 0.6) * 200 / steps;
  }
  EXPECT_GT(plane.sum(), 1000 * inside * 0.995);
  EXPECT_LT(plane.sum(), 1001);
  EXPECT_GT(b, 0);
  if (n <= 2) {
    EXPECT_NEAR(plane.sum(), 1000, 2);
    EXPECT_NEAR(growth_curve_half_radius(plane, 200.3, 199.8, 0.6), 12, 0.2);
  }
}

INSTANTIATE_TEST_SUITE_P(Indices, SersicProfile, testing::Values(0.5, 1.0, 2.0, 4.0, 6.0));

TEST(SersicProfile, AxisRatioAndAngleAreRecovered) {
  for (const double q : {0.25, 0.5, 0.9}) {
    Plane plane(301, 301);
    add_sersic(plane, {150, 150, 10, q, 0.7}, 1, 1);
    const Moments m = moments(plane);
    EXPECT_NEAR(m.minor / m.major, q, 0.01 + 0.01 * q);
    EXPECT_NEAR(m.angle, 0.7, 0.01);
    EXPECT_NEAR(m.x, 150, 0.01);
  }
}

TEST(EdgeOnDisk, FluxAndThicknessAreRecovered) {
  Plane plane(401, 201);
  add_edge_on_disk(plane, {200, 100, 20, 0.2, 0}, 500);
  EXPECT_NEAR(plane.sum(), 500, 2.5);
  // Root mean squares: of (x/h) K1(x/h), sqrt(3) h; of sech^2(z/z0), pi/sqrt(12) z0.
  const Moments m = moments(plane);
  EXPECT_NEAR(m.major, std::sqrt(3.0) * 20, 0.5);
  EXPECT_NEAR(m.minor, kPi / std::sqrt(12.0) * 4, 0.1);
}

TEST(Inclination, GivesTheAxisRatioOfAThickDisk) {
  EXPECT_NEAR(apparent_axis_ratio(0, 0.2), 1, 1e-12);
  EXPECT_NEAR(apparent_axis_ratio(kPi / 2, 0.2), 0.2, 1e-12);
  EXPECT_NEAR(apparent_axis_ratio(kPi / 3, 0.2), std::sqrt(0.25 + 0.04 * 0.75), 1e-12);
}

TEST(Moffat, FluxAndWidth) {
  Plane plane(301, 301);
  add_moffat(plane, 150, 150, 3.3, 100);
  EXPECT_NEAR(plane.sum(), 100, 0.2);
  const double half = plane.at(150, 150) / 2;
  // Linear interpolation between the two pixels around half maximum.
  int i = 150;
  while (plane.at(i + 1, 150) > half) ++i;
  const double width =
      i - 150 + (plane.at(i, 150) - half) / (plane.at(i, 150) - plane.at(i + 1, 150));
  EXPECT_NEAR(2 * width, 3.3, 0.08);
}

TEST(Moffat, GaussianMixtureHasItsFluxAndShape) {
  for (const double fwhm : {2.4, 3.3, 5.0}) {
    const GaussianMixture mixture = moffat_mixture(fwhm);
    EXPECT_NEAR(mixture.weight[0] + mixture.weight[1] + mixture.weight[2], 1, 1e-12);
    Plane point(101, 101);
    point.at(50, 50) = 1;
    convolve(point, mixture);
    EXPECT_NEAR(point.sum(), 1, 1e-3);
    Plane direct(101, 101);
    add_moffat(direct, 50, 50, fwhm, 1);
    for (const int x : {50, 51, 52, 54}) {
      EXPECT_NEAR(point.at(x, 50), direct.at(x, 50), 0.08 * direct.at(50, 50)) << fwhm << " " << x;
    }
  }
}

}  // namespace
}  // namespace firstlight::sim
