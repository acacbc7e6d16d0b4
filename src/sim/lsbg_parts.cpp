#include "lsbg_parts.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "spiral.h"

namespace firstlight::sim {
namespace {

constexpr double kPi = std::numbers::pi;

}  // namespace

Colour des_colour(double g_minus_r) {
  return {static_cast<float>(std::pow(10, 0.4 * 0.64 * (g_minus_r - 0.68))), 1.0f,
          static_cast<float>(std::pow(10, -0.4 * 0.89 * (g_minus_r - 0.51)))};
}

void add_galaxy(Scene& scene, const SmoothGalaxy& galaxy) {
  // The brightness is that at a pixel from the centre, where cusps no longer matter.
  const double r = std::max(0.0, galaxy.n < 1.5 ? 0.0 : 1.0);
  const double central =
      sersic_intensity(r, galaxy.shape.radius, galaxy.n, galaxy.shape.axis_ratio);
  Plane plane(scene.width(), scene.height());
  add_sersic(plane, galaxy.shape, galaxy.n, galaxy.peak / central, 0.01);
  scene.add(plane, des_colour(galaxy.g_minus_r));
}

void add_disk_galaxy(Scene& scene, Random& random, const Ellipse& shape, double peak,
                     double g_minus_r) {
  SpiralPattern pattern;
  pattern.clockwise = random.chance(0.5);
  pattern.pitch = random.uniform(0.15, 0.5);
  pattern.phase = random.uniform(0, 2 * kPi);
  pattern.arms = random.chance(0.6) ? 2 : static_cast<int>(random.below(4));
  pattern.sharpness = random.uniform(0.8, 3);
  pattern.inner = random.uniform(0.3, 1.0);
  pattern.outer = random.uniform(2.5, 4.5);
  pattern.flocculence = random.uniform(0.1, 0.9);
  pattern.lopsidedness = random.uniform(0, 0.6);
  Ellipse disk = shape;
  disk.radius /= 1.678;
  const double bulge = std::min(0.4, 0.1 * random.exponential());
  const SpiralLight light =
      spiral_light(scene.width(), scene.height(), disk, pattern, random.uniform(0, 0.5), random);
  const double scale = peak * 2 * kPi * disk.radius * disk.radius * disk.axis_ratio;
  const double contrast = log_normal(random, 0.9, 0.5);
  scene.add(light.smooth, des_colour(g_minus_r), scale);
  scene.add(light.young, des_colour(g_minus_r - random.uniform(0.1, 0.35)), scale * contrast);
  if (bulge > 0.01) {
    Plane spheroid(scene.width(), scene.height());
    Ellipse b = shape;
    b.radius *= random.uniform(0.12, 0.25);
    b.axis_ratio = 1 - 0.6 * (1 - shape.axis_ratio);
    add_sersic(spheroid, b, random.uniform(1, 2.5), bulge * scale, 0.01);
    scene.add(spheroid, des_colour(std::max(g_minus_r, random.normal(0.9, 0.1))));
  }
}

void add_clumps(Scene& scene, Random& random, const Ellipse& shape, int count, double peak,
                double g_minus_r) {
  const double c = std::cos(shape.angle);
  const double s = std::sin(shape.angle);
  Plane plane(scene.width(), scene.height());
  const int clumps = 1 + static_cast<int>(random.poisson(count));
  for (int k = 0; k < clumps; ++k) {
    const double u = random.normal(0, 0.75) * shape.radius;
    const double v = random.normal(0, 0.75) * shape.radius * shape.axis_ratio;
    const double radius = random.uniform(0.6, 2.0);
    const double flux = peak * random.uniform(0.1, 1.0) / sersic_intensity(0, radius, 0.7);
    add_sersic(plane,
               {shape.x + c * u - s * v, shape.y + s * u + c * v, radius, random.uniform(0.6, 1.0),
                random.uniform(0, kPi)},
               0.7, flux, 0.01);
  }
  scene.add(plane, des_colour(g_minus_r));
}

void add_bright_star(LsbgFrame& frame, Random& random, double x, double y, bool saturated) {
  const int side = frame.overlay.width();
  const double peak = saturated ? log_normal(random, 20000, 0.9) : log_normal(random, 1500, 0.8);
  const Colour colour = star_colour(
      random.chance(saturated ? 0.1 : 0.3) ? random.normal(1.3, 0.15) : random.normal(0.45, 0.25));
  frame.overlay.add_star(x, y, frame.fwhm, peak * 1.51 * frame.fwhm * frame.fwhm, colour);
  const double aureole = peak * random.uniform(0.003, 0.010);
  // The aureole, I ~ r^-2 far from the core (King 1971, PASP 83, 199), differs from band to band.
  for (int b = 0; b < 3; ++b) {
    const double strength = aureole * colour[b] * (b == 1 ? 0.85 : 1.1) * random.uniform(0.8, 1.2);
    for (int j = 0; j < side; ++j) {
      for (int i = 0; i < side; ++i) {
        const double r2 = (i - x) * (i - x) + (j - y) * (j - y);
        frame.overlay.band(b).at(i, j) += static_cast<float>(strength * 9 / (9 + r2));
      }
    }
  }
  if (!saturated && !random.chance(0.3)) return;
  // Diffraction by the four vanes of the secondary's support: two crossing lines.
  const double turn = kPi / 4 + random.normal(0, 0.03);
  for (int b = 0; b < 3; ++b) {
    const double reach = (saturated ? 18 : 8) * random.uniform(0.6, 1.5);
    const double level =
        std::min(35.0, peak * 0.002) * std::sqrt(colour[b]) * random.uniform(0.4, 1.0);
    for (int j = 0; j < side; ++j) {
      for (int i = 0; i < side; ++i) {
        for (int vane = 0; vane < 2; ++vane) {
          const double angle = turn + vane * kPi / 2;
          const double along = (i - x) * std::cos(angle) + (j - y) * std::sin(angle);
          const double across = -(i - x) * std::sin(angle) + (j - y) * std::cos(angle);
          if (std::abs(across) > 4) continue;
          frame.overlay.band(b).at(i, j) += static_cast<float>(
              level * std::exp(-std::abs(along) / reach) * std::exp(-across * across / 1.3));
        }
      }
    }
  }
  if (saturated && random.chance(0.8)) {
    frame.bleed.x = x;
    frame.bleed.y = y;
    frame.bleed.length = random.chance(0.5) ? random.uniform(4, 9) : random.uniform(10, 26);
    frame.bleed.thickness = random.uniform(1.0, 2.8);
    for (int b = 0; b < 3; ++b) {
      frame.bleed.level[b] = static_cast<float>(random.chance(0.5) ? random.uniform(1500, 6000)
                                                                   : random.uniform(0, 40));
      frame.bleed.extent[b] = static_cast<float>(random.uniform(0.5, 1.1));
    }
  }
}

}  // namespace firstlight::sim
