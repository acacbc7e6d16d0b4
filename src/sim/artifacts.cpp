#include "artifacts.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace firstlight::sim {
namespace {

constexpr double kPi = std::numbers::pi;

struct Place {
  double x;
  double y;
};

/// A place at a distance from the middle of the frame.
Place place(const Scene& scene, Random& random, double low, double high) {
  const double r = random.uniform(low, high);
  const double angle = random.uniform(0, 2 * kPi);
  return {0.5 * (scene.width() - 1) + r * std::cos(angle),
          0.5 * (scene.height() - 1) + r * std::sin(angle)};
}

double offset(const Scene& scene, double x, double y) {
  return std::hypot(x - 0.5 * (scene.width() - 1), y - 0.5 * (scene.height() - 1));
}

/// What the search took for a galaxy: a faint smudge in the middle.
void add_smudge(LsbgFrame& frame, Random& random, double strength) {
  const Place p = place(frame.light, random, 0, 3);
  SmoothGalaxy smudge;
  smudge.shape = {p.x, p.y, random.uniform(1.2, 4.0), random.uniform(0.4, 1.0),
                  random.uniform(0, kPi)};
  smudge.n = random.uniform(0.7, 1.3);
  smudge.peak = strength * log_normal(random, 9.0, 0.45);
  smudge.g_minus_r = random.normal(0.5, 0.2);
  add_galaxy(frame.light, smudge);
}

/// Sum of random waves with a power-law spectrum: clouds.
Plane clouds(int side, Random& random, double longest, double slope) {
  Plane plane(side, side);
  for (int i = 0; i < 24; ++i) {
    const double k = std::exp(random.uniform(0, std::log(8)));  // in waves over `longest`
    const double angle = random.uniform(0, 2 * kPi);
    const double kx = 2 * kPi * k / longest * std::cos(angle);
    const double ky = 2 * kPi * k / longest * std::sin(angle);
    const double phase = random.uniform(0, 2 * kPi);
    const double amplitude = std::pow(k, -slope);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        plane.at(x, y) +=
            static_cast<float>(amplitude * std::cos(static_cast<float>(kx * x + ky * y + phase)));
      }
    }
  }
  return plane;
}

void off_centre_galaxy(LsbgFrame& frame, Random& random, LsbgTruth& truth) {
  const int count = random.chance(0.25) ? 2 : 1;
  for (int k = 0; k < count; ++k) {
    const Place p = place(frame.light, random, 9, 42);
    SmoothGalaxy galaxy;
    galaxy.shape = {p.x, p.y, log_normal(random, 5.0, 0.5), random.uniform(0.45, 1.0),
                    random.uniform(0, kPi)};
    galaxy.n = random.uniform(2.0, 4.5);
    galaxy.peak = log_normal(random, 220, 0.7);
    galaxy.g_minus_r = random.normal(0.98, 0.1);
    if (random.chance(0.2)) {
      add_disk_galaxy(frame.light, random, galaxy.shape, galaxy.peak * 0.5,
                      random.normal(0.7, 0.15));
    } else {
      add_galaxy(frame.light, galaxy);
    }
    if (k == 0) {
      truth.offset_px = offset(frame.light, p.x, p.y);
      truth.half_light_radius_px = galaxy.shape.radius;
      truth.axis_ratio = galaxy.shape.axis_ratio;
      truth.sersic_index = galaxy.n;
      truth.g_minus_r = galaxy.g_minus_r;
    }
  }
  if (random.chance(0.75)) add_smudge(frame, random, 1);
}

void galaxy_part(LsbgFrame& frame, Random& random, LsbgTruth& truth) {
  // A piece of a large spiral: its middle lies near or outside the frame's edge.
  const Place p = place(frame.light, random, 16, 44);
  const Ellipse shape{p.x, p.y, random.uniform(11, 24), random.uniform(0.4, 1.0),
                      random.uniform(0, kPi)};
  const double colour = random.normal(0.45, 0.15);
  add_disk_galaxy(frame.light, random, shape, log_normal(random, 45, 0.6), colour);
  if (random.chance(0.5)) {
    add_clumps(frame.light, random, {p.x, p.y, shape.radius, shape.axis_ratio, shape.angle}, 8,
               random.uniform(3, 20), colour - 0.25);
  }
  truth.offset_px = offset(frame.light, p.x, p.y);
  truth.half_light_radius_px = shape.radius;
  truth.axis_ratio = shape.axis_ratio;
  truth.g_minus_r = colour;
}

void bright_star(LsbgFrame& frame, Random& random, LsbgTruth& truth, bool saturated) {
  const Place p = place(frame.light, random, saturated ? 10 : 6, saturated ? 36 : 32);
  add_bright_star(frame, random, p.x, p.y, saturated);
  if (!saturated && random.chance(0.35)) {
    const Place second = place(frame.light, random, 4, 36);
    add_bright_star(frame, random, second.x, second.y, false);
  }
  truth.offset_px = offset(frame.light, p.x, p.y);
  if (random.chance(0.8)) add_smudge(frame, random, 1);
}

void reflection(LsbgFrame& frame, Random& random, LsbgTruth& truth) {
  // A ghost: the out-of-focus image of a star outside the frame, a disk with a hole (the pupil).
  const Place p = place(frame.light, random, 0, 45);
  const double outer = random.uniform(10, 50);
  const double hole = random.uniform(0.25, 0.5) * outer;
  const double strength = random.uniform(2.5, 9);
  const Colour tint = des_colour(random.normal(0.7, 0.35));
  Plane ghost(frame.light.width(), frame.light.height());
  const double edge = random.uniform(1, 4);
  for (int y = 0; y < ghost.height; ++y) {
    for (int x = 0; x < ghost.width; ++x) {
      const double r = std::hypot(x - p.x, y - p.y);
      const double inside = 1 / (1 + std::exp((r - outer) / edge));
      const double open = 1 / (1 + std::exp(-(r - hole) / edge));
      ghost.at(x, y) = static_cast<float>(inside * (0.3 + 0.7 * open));
    }
  }
  frame.overlay.add(ghost, tint, strength);
  truth.offset_px = offset(frame.light, p.x, p.y);
  if (random.chance(0.6)) add_smudge(frame, random, 0.8);
}

void diffuse_light(LsbgFrame& frame, Random& random, LsbgTruth& truth) {
  // Glow of something outside the frame, light between cluster galaxies, or galactic cirrus.
  const int side = frame.light.width();
  const double kind = random.uniform();
  const Colour tint = des_colour(random.normal(kind < 0.7 ? 0.85 : 0.45, 0.2));
  if (kind < 0.7) {
    const Place p = place(frame.light, random, 5, 55);
    SmoothGalaxy glow;
    glow.shape = {p.x, p.y, random.uniform(16, 50), random.uniform(0.3, 1.0),
                  random.uniform(0, kPi)};
    glow.n = random.uniform(0.6, 1.5);
    const double central = sersic_intensity(0, glow.shape.radius, glow.n, glow.shape.axis_ratio);
    Plane plane(side, side);
    add_sersic(plane, glow.shape, glow.n, random.uniform(3, 18) / central);
    frame.overlay.add(plane, tint);
    truth.offset_px = offset(frame.light, p.x, p.y);
    if (random.chance(0.5)) {
      const int members = 1 + static_cast<int>(random.below(4));
      for (int k = 0; k < members; ++k) {
        const Place m = place(frame.light, random, 6, 40);
        SmoothGalaxy member;
        member.shape = {m.x, m.y, random.uniform(1.2, 4), random.uniform(0.5, 1),
                        random.uniform(0, kPi)};
        member.n = random.uniform(2, 4);
        member.peak = log_normal(random, 70, 0.8);
        member.g_minus_r = random.normal(1.0, 0.1);
        add_galaxy(frame.light, member);
      }
    }
  } else {
    Plane cirrus = clouds(side, random, random.uniform(60, 160), 1.6);
    for (float& v : cirrus.values) v = std::max(0.0f, v + 0.6f);
    frame.overlay.add(cirrus, tint, random.uniform(1.5, 5.0));
  }
  if (random.chance(0.5)) add_smudge(frame, random, 0.8);
}

void tidal_arc(LsbgFrame& frame, Random& random, LsbgTruth& truth) {
  // Part of a circle of varying strength and width, often beside the galaxy that it belongs to.
  const int side = frame.light.width();
  const Place middle = place(frame.light, random, 0, 6);
  const double radius = random.uniform(7, 26);
  const double direction = random.uniform(0, 2 * kPi);
  const double cx = middle.x - radius * std::cos(direction);
  const double cy = middle.y - radius * std::sin(direction);
  const double half_angle = std::min(2.2, random.uniform(6, 20) / radius);
  const double width = random.uniform(0.9, 3.0);
  const double skew = random.uniform(-0.9, 0.9);
  const double knot_phase = random.uniform(0, 2 * kPi);
  const double knots = random.chance(0.4) ? random.uniform(0.2, 0.9) : 0.0;
  const double waves = random.uniform(4, 9);
  const double strength = log_normal(random, 9, 0.5);
  const double colour = random.normal(0.4, 0.2);
  Plane arc(side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const double r = std::hypot(x - cx, y - cy);
      double angle = std::atan2(y - cy, x - cx) - direction;
      angle = std::remainder(angle, 2 * kPi) / half_angle;
      const double across = (r - radius) / (width * (1 + 0.4 * skew * angle));
      if (std::abs(across) > 5 || std::abs(angle) > 1.8) continue;
      const double along = std::exp(-std::pow(std::abs(angle), 3)) * (1 + skew * angle * 0.7) *
                           (1 + knots * std::cos(waves * angle + knot_phase));
      arc.at(x, y) = static_cast<float>(std::max(0.0, along) * std::exp(-0.5 * across * across));
    }
  }
  frame.light.add(arc, des_colour(colour), strength);
  truth.g_minus_r = colour;
  truth.offset_px = offset(frame.light, middle.x, middle.y);
  if (random.chance(0.75)) {
    const bool at_end = random.chance(0.5);
    const double angle = direction + (random.chance(0.5) ? 1 : -1) * half_angle;
    const Ellipse host{at_end ? cx + radius * std::cos(angle) : cx + random.normal(0, 3),
                       at_end ? cy + radius * std::sin(angle) : cy + random.normal(0, 3),
                       random.uniform(1.8, 5), random.uniform(0.35, 1), random.uniform(0, kPi)};
    if (random.chance(0.5)) {
      add_disk_galaxy(frame.light, random, host, log_normal(random, 60, 0.6),
                      random.normal(0.5, 0.2));
    } else {
      add_galaxy(frame.light, {host, random.uniform(2, 4), log_normal(random, 160, 0.6),
                               random.normal(0.9, 0.12)});
    }
  }
}

void blend(LsbgFrame& frame, Random& random, LsbgTruth& truth) {
  // Several faint compact objects whose light ran together in the catalogue.
  const int count = 2 + static_cast<int>(random.below(5));
  const double spread = random.uniform(2, 8);
  for (int k = 0; k < count; ++k) {
    const double x = 0.5 * (frame.light.width() - 1) + spread * random.normal();
    const double y = 0.5 * (frame.light.height() - 1) + spread * random.normal();
    const double peak = log_normal(random, 15, 0.8);
    if (random.chance(0.2)) {
      frame.overlay.add_star(x, y, frame.fwhm, peak * 1.5 * frame.fwhm * frame.fwhm,
                             star_colour(random.normal(1.0, 0.4)));
    } else {
      SmoothGalaxy galaxy;
      galaxy.shape = {x, y, random.uniform(0.8, 2.6), random.uniform(0.3, 1.0),
                      random.uniform(0, kPi)};
      galaxy.n = random.uniform(0.8, 2.5);
      galaxy.peak = peak;
      galaxy.g_minus_r = random.normal(0.65, 0.3);
      add_galaxy(frame.light, galaxy);
    }
  }
  truth.offset_px = 0;
}

void ordinary_galaxy(LsbgFrame& frame, Random& random, LsbgTruth& truth) {
  // A spiral or a compact blue galaxy that is brighter than an LSBG.
  const Place p = place(frame.light, random, 0, random.chance(0.5) ? 3 : 20);
  const Ellipse shape{p.x, p.y, log_normal(random, 4.5, 0.4), random.uniform(0.35, 1.0),
                      random.uniform(0, kPi)};
  const double colour = random.normal(0.42, 0.2);
  const double peak = std::clamp(log_normal(random, 34, 0.7), 9.0, 400.0);
  if (random.chance(0.8)) {
    add_disk_galaxy(frame.light, random, shape, peak, colour);
  } else {
    add_galaxy(frame.light, {shape, random.uniform(0.8, 2.0), peak, colour});
  }
  if (random.chance(0.45)) {
    add_clumps(frame.light, random, shape, 4, random.uniform(0.2, 0.9) * peak, colour - 0.2);
  }
  truth.offset_px = offset(frame.light, p.x, p.y);
  truth.half_light_radius_px = shape.radius;
  truth.axis_ratio = shape.axis_ratio;
  truth.g_minus_r = colour;
  truth.peak_signal_to_noise = peak;
}

void off_centre_lsbg(LsbgFrame& frame, Random& random, LsbgTruth& truth) {
  // A true LSBG, but beside the middle, or so large that the frame shows a part of it.
  const bool part = random.chance(0.4);
  const Place p = place(frame.light, random, part ? 16 : 9, part ? 34 : 28);
  SmoothGalaxy galaxy;
  galaxy.shape = {p.x, p.y, part ? random.uniform(10, 22) : log_normal(random, 5.2, 0.35),
                  random.uniform(0.4, 1), random.uniform(0, kPi)};
  galaxy.n = random.uniform(0.6, 1.3);
  galaxy.peak = std::clamp(log_normal(random, 18, 0.45), 5.0, 50.0);
  galaxy.g_minus_r = random.normal(0.42, 0.15);
  add_galaxy(frame.light, galaxy);
  if (random.chance(0.4)) {
    add_clumps(frame.light, random, galaxy.shape, 4, galaxy.peak, galaxy.g_minus_r - 0.15);
  }
  truth.offset_px = offset(frame.light, p.x, p.y);
  truth.half_light_radius_px = galaxy.shape.radius;
  truth.axis_ratio = galaxy.shape.axis_ratio;
  truth.sersic_index = galaxy.n;
  truth.g_minus_r = galaxy.g_minus_r;
  truth.peak_signal_to_noise = galaxy.peak;
}

void crowded_field(LsbgFrame& frame, Random& random, LsbgTruth& truth) {
  // Resolved stars of a nearby dwarf or cluster over their unresolved light.
  const int stars = 60 + static_cast<int>(random.below(240));
  const double spread = random.uniform(12, 60);
  const Place p = place(frame.light, random, 0, 26);
  for (int k = 0; k < stars; ++k) {
    const double peak = std::min(400.0, 2.5 * std::pow(1 - random.uniform(), -0.9));
    frame.overlay.add_star(
        p.x + spread * random.normal(), p.y + spread * random.normal(), frame.fwhm,
        peak * 1.5 * frame.fwhm * frame.fwhm,
        star_colour(random.chance(0.6) ? random.normal(1.0, 0.25) : random.normal(0.1, 0.25)));
  }
  Plane glow(frame.light.width(), frame.light.height());
  const double central = sersic_intensity(0, spread, 0.7, 1);
  add_sersic(glow, {p.x, p.y, spread, random.uniform(0.5, 1), random.uniform(0, kPi)}, 0.7,
             random.uniform(2, 25) / central);
  frame.overlay.add(glow, des_colour(random.normal(0.7, 0.15)));
  truth.offset_px = offset(frame.light, p.x, p.y);
}

}  // namespace

void draw_artifact(LsbgFrame& frame, Random& random, LsbgTruth& truth) {
  const std::string& kind = truth.kind;
  if (kind == "off_centre_galaxy") return off_centre_galaxy(frame, random, truth);
  if (kind == "galaxy_part") return galaxy_part(frame, random, truth);
  if (kind == "bright_star") return bright_star(frame, random, truth, false);
  if (kind == "saturated_star") return bright_star(frame, random, truth, true);
  if (kind == "reflection") return reflection(frame, random, truth);
  if (kind == "diffuse_light") return diffuse_light(frame, random, truth);
  if (kind == "tidal_arc") return tidal_arc(frame, random, truth);
  if (kind == "blend") return blend(frame, random, truth);
  if (kind == "ordinary_galaxy") return ordinary_galaxy(frame, random, truth);
  if (kind == "off_centre_lsbg") return off_centre_lsbg(frame, random, truth);
  if (kind == "crowded_field") return crowded_field(frame, random, truth);
  // empty: at most a smudge below what a catalogue should list.
  if (random.chance(0.5)) add_smudge(frame, random, 0.5);
}

}  // namespace firstlight::sim
