#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "galaxy_parts.h"
#include "spiral.h"

namespace firstlight::sim {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kDegree = kPi / 180;
/// Half-light radius of an exponential disk in scale lengths.
constexpr double kDiskHalfLight = 1.6783469900166605;

}  // namespace

void draw_spiral(Galaxy& galaxy, const Frame& frame, Random& random) {
  GalaxyTruth& truth = galaxy.truth;
  truth.bulge_fraction = std::clamp(log_normal(random, 0.13, 0.8), 0.005, 0.6);
  truth.sersic_index = random.uniform(0.9, 3.5);
  // Face-on disks are over-represented where volunteers saw arms.
  truth.inclination_deg = std::acos(truncated_normal(random, 0.75, 0.18, 0.4, 1.0)) / kDegree;
  const double q = apparent_axis_ratio(truth.inclination_deg * kDegree, 0.18);
  const double bulge = truth.bulge_fraction;
  const double bulge_radius = random.uniform(0.12, 0.3);  // in half-light radii of the disk
  const double bulge_q = 1 - 0.6 * (1 - q);
  const double n = truth.sersic_index;
  const double radius = fitting_radius(
      frame,
      [=](double r) {
        return (1 - bulge) * sersic_intensity(r, 1, 1, q) +
               bulge * sersic_intensity(r, bulge_radius, n, bulge_q);
      },
      true);
  Ellipse disk{frame.x, frame.y, radius / kDiskHalfLight, q, random.uniform(0, kPi)};

  SpiralPattern pattern;
  pattern.clockwise = random.chance(0.5);
  pattern.pitch = truncated_normal(random, 18, 7, 5, 38) * kDegree;
  pattern.phase = random.uniform(0, 2 * kPi);
  const double kind = random.uniform();
  if (kind < 0.5) {  // grand design
    pattern.arms = 2;
    pattern.sharpness = random.uniform(1.5, 6.0);
    pattern.flocculence = random.uniform(0, 0.4);
  } else if (kind < 0.75) {
    pattern.arms = 3 + static_cast<int>(random.below(3));
    pattern.sharpness = random.uniform(1.2, 4.0);
    pattern.flocculence = random.uniform(0.1, 0.7);
  } else if (kind < 0.83) {
    pattern.arms = 1;
    pattern.sharpness = random.uniform(0.6, 2.0);
    pattern.flocculence = random.uniform(0, 0.5);
  } else {
    pattern.arms = 0;
    pattern.flocculence = random.uniform(0.6, 1.4);
  }
  pattern.inner = random.uniform(0.3, 1.3);
  pattern.outer = random.uniform(2.8, 5.5);
  pattern.lopsidedness = random.chance(0.4) ? random.uniform(0, 0.5) : 0.1;
  pattern.wobble = random.uniform(0.03, 0.3);
  const double contrast = std::clamp(log_normal(random, 3.0, 0.5), 1.0, 9.0);
  const double dust = random.uniform(0, 0.6) * std::min(1.0, contrast);
  const SpiralLight light = spiral_light(frame.drawn, frame.drawn, disk, pattern, dust, random);

  const bool red = random.chance(0.3);
  const double disk_colour = red ? truncated_normal(random, 0.80, 0.1, 0.5, 1.1)
                                 : truncated_normal(random, 0.58, 0.12, 0.25, 0.9);
  const double young_colour = disk_colour - random.uniform(0.08, 0.4);
  const double bulge_colour = std::max(disk_colour, random.normal(0.88, 0.12));
  galaxy.scene.add(light.smooth, galaxy_colour(disk_colour), 1 - bulge);
  galaxy.scene.add(light.young, galaxy_colour(young_colour), (1 - bulge) * contrast);

  // Star-forming knots sit on the arms: places are drawn from the young light.
  const int knots = static_cast<int>(random.poisson(random.chance(0.4) ? 14 : 2));
  const double young_total = light.young.sum();
  Plane knot_light(frame.drawn, frame.drawn);
  for (int k = 0; k < knots && young_total > 0; ++k) {
    double left = random.uniform() * young_total;
    std::size_t at = 0;
    while (at + 1 < light.young.values.size() && left > light.young.values[at]) {
      left -= light.young.values[at++];
    }
    const int w = frame.drawn;
    Ellipse knot{static_cast<double>(at % w), static_cast<double>(at / w), random.uniform(0.3, 1.6),
                 1, 0};
    add_sersic(knot_light, knot, 0.7,
               (1 - bulge) * contrast * young_total * random.exponential() * 0.012, 1e-7);
  }
  galaxy.scene.add(knot_light, galaxy_colour(young_colour - random.uniform(0, 0.35)));
  if (bulge > 0.002) {
    Plane spheroid(frame.drawn, frame.drawn);
    Ellipse b = disk;
    b.radius = bulge_radius * radius;
    b.axis_ratio = bulge_q;
    add_sersic(spheroid, b, n, bulge);
    galaxy.scene.add(spheroid, galaxy_colour(bulge_colour));
  }
  disk.radius = radius;
  set_geometry(truth, frame, disk);
  truth.arms = pattern.arms;
  truth.pitch_deg = pattern.pitch / kDegree;
  truth.arm_contrast = contrast;
  truth.clockwise = pattern.clockwise;
  truth.g_minus_r = disk_colour;
}

}  // namespace firstlight::sim
