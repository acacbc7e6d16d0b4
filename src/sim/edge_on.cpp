#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "galaxy_parts.h"

namespace firstlight::sim {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kDegree = kPi / 180;

}  // namespace

void draw_edge_on(Galaxy& galaxy, const Frame& frame, Random& random) {
  GalaxyTruth& truth = galaxy.truth;
  truth.inclination_deg = truncated_normal(random, 85, 5, 74, 90);
  const bool bulgeless = random.chance(0.35);
  truth.bulge_fraction =
      bulgeless ? random.uniform(0, 0.06) : std::min(0.5, 0.05 + 0.12 * random.exponential());
  truth.sersic_index = random.uniform(1.0, 3.5);
  const double thickness = truncated_normal(random, 0.22, 0.08, 0.08, 0.48);  // z0 / h
  const double tilt = std::cos(truth.inclination_deg * kDegree);
  const double bulge = truth.bulge_fraction;
  const double bulge_radius = random.uniform(0.15, 0.4);  // in half-light radii of the disk
  const double bulge_q = random.uniform(0.45, 0.9);
  const double n = truth.sersic_index;
  const double half_light = 0.9413;  // of u K_1(u), in scale lengths
  // Disks end: van der Kruit 1979 (A&AS 38, 15) finds edges near four scale lengths.
  const double edge = random.chance(0.6) ? random.uniform(2.2, 4.5) : 20;  // in scale lengths
  const auto inside = [edge](double u) { return 1 / (1 + std::exp((u - edge) / 0.25)); };
  const double h_radius = fitting_radius(
      frame,
      [=](double r) {
        const double u = r * half_light;
        return (1 - bulge) * (u < 1e-6 ? 1.0 : u * bessel_k1(u)) * inside(u) /
                   (kPi * 2 * thickness) +
               bulge * sersic_intensity(r, bulge_radius, n, bulge_q) * 0.75;
      },
      false);
  const double h = h_radius * half_light;
  Ellipse disk{frame.x, frame.y, h, std::hypot(thickness, 0.8 * tilt), random.uniform(0, kPi)};
  truth.g_minus_r = bulgeless ? truncated_normal(random, 0.52, 0.17, 0.2, 1.0)
                              : truncated_normal(random, 0.76, 0.17, 0.35, 1.2);
  Plane light(frame.drawn, frame.drawn);
  add_edge_on_disk(light, disk, 1 - bulge);

  const double c = std::cos(disk.angle);
  const double s = std::sin(disk.angle);
  const double warp = random.chance(0.2) ? random.normal(0, 0.04) : 0.0;
  truth.dust_lane = random.chance(bulgeless ? 0.3 : 0.5);
  const double lane_depth = random.uniform(0.3, 0.85);
  const double lane_width = random.uniform(0.25, 0.6) * disk.axis_ratio * h;
  const double lane_offset = random.chance(0.7) ? tilt * h * random.uniform(0.3, 1.0) : 0.0;
  // Patches: star-forming regions and dust that break the smooth disk.
  const int patches = static_cast<int>(random.poisson(random.chance(0.5) ? 9 : 2));
  struct Patch {
    double u, z, size, strength;
  };
  std::vector<Patch> patch(patches);
  for (Patch& p : patch) {
    p = {random.normal(0, 1.6) * h, random.normal(0, 0.5) * disk.axis_ratio * h,
         random.uniform(0.05, 0.2) * h, random.uniform(-0.45, 0.9)};
  }
  Plane spheroid(frame.drawn, frame.drawn);
  if (bulge > 0.005) {
    Ellipse b = disk;
    b.radius = bulge_radius * h_radius;
    b.axis_ratio = bulge_q;
    add_sersic(spheroid, b, n, bulge);
  }
  Plane red_light = light;
  for (int y = 0; y < light.height; ++y) {
    for (int x = 0; x < light.width; ++x) {
      const double dx = x - frame.x;
      const double dy = y - frame.y;
      const double u = c * dx + s * dy;
      const double z = -s * dx + c * dy - warp * u * std::abs(u) / (3 * h);
      double factor = inside(std::abs(u) / h);
      for (const Patch& p : patch) {
        const double d2 = ((u - p.u) * (u - p.u) + 4 * (z - p.z) * (z - p.z)) / (p.size * p.size);
        if (d2 < 12) factor *= 1 + p.strength * std::exp(-0.5 * d2);
      }
      double shade = 1;
      if (truth.dust_lane) {
        const double lane = (z - lane_offset) / lane_width;
        if (std::abs(lane) < 4) {
          shade = 1 - lane_depth * std::exp(-0.5 * lane * lane) *
                          std::exp(-0.5 * std::pow(u / (2.6 * h), 4));
        }
      }
      light.at(x, y) *= static_cast<float>(factor * shade);
      // Dust reddens: red light is dimmed less.
      red_light.at(x, y) *= static_cast<float>(factor * std::pow(shade, 0.75));
      spheroid.at(x, y) *= static_cast<float>(shade);
    }
  }
  const Colour colour = galaxy_colour(truth.g_minus_r);
  galaxy.scene.add(light, {0, colour[1], colour[2]});
  galaxy.scene.add(red_light, {colour[0], 0, 0});
  galaxy.scene.add(spheroid, galaxy_colour(std::max(truth.g_minus_r, random.normal(0.92, 0.08))));
  disk.radius = h_radius;
  set_geometry(truth, frame, disk);
  truth.arm_contrast = 0;
}

}  // namespace firstlight::sim
