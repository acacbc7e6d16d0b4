#include "firstlight/sim/galaxies.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/sim/render.h"
#include "scene.h"
#include "spiral.h"
#include "survey.h"

namespace firstlight::sim {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kDegree = kPi / 180;
/// Half-light radius of an exponential disk in scale lengths.
constexpr double kDiskHalfLight = 1.6783469900166605;

/// Surface brightness along the major axis as a function of the radius in half-light radii.
using MajorAxisProfile = std::function<double(double)>;

/// The surveys' cutouts are scaled to the object: the root mean square of its light along the major
/// axis within the faintest visible contour is some 19 of 224 pixels. This gives that length in
/// half-light radii for a peak `peak` (in sky noise, after seeing that flattens the profile inside
/// `core`); `planar` says whether light is spread over ellipses or along a line.
double visible_extent(const MajorAxisProfile& profile, double core, double peak, bool planar) {
  const double threshold = 0.9 / peak;
  const double centre = profile(core);
  double light = 0;
  double moment = 0;
  for (int i = 0; i < 200; ++i) {
    const double r = (i + 0.5) * 0.04;
    const double relative = profile(std::max(core, r)) / centre;
    if (relative < threshold) break;
    // Light as displayed, that is after the asinh stretch.
    const double shown = std::asinh(0.27 * peak * relative);
    const double weight = planar ? shown * r : shown;
    light += weight;
    moment += weight * r * r * (planar ? 0.5 : 1.0);
  }
  return light > 0 ? std::sqrt(moment / light) : 1.0;
}

/// What is common to all classes.
struct Frame {
  int native = 100;   ///< side in native pixels
  double fwhm = 3.3;  ///< seeing, native pixels
  double peak = 150;  ///< central surface brightness after seeing, sky noise
  double extent = 8;  ///< visible extent aimed at, native pixels
  double x = 0;
  double y = 0;
};

Frame draw_frame(Random& random, double median_native, double spread, double median_peak) {
  Frame frame;
  frame.native =
      static_cast<int>(std::clamp(log_normal(random, median_native, spread), 44.0, 240.0));
  frame.fwhm = truncated_normal(random, 3.3, 0.4, 2.4, 4.6);
  frame.peak = std::clamp(log_normal(random, median_peak, 0.5), 12.0, 1500.0);
  frame.extent = frame.native / 224.0 * log_normal(random, 19.2, 0.07);
  if (random.chance(0.08)) frame.extent *= random.uniform(1.1, 1.6);
  frame.x = 0.5 * (frame.native - 1) + 0.004 * frame.native * random.normal();
  frame.y = 0.5 * (frame.native - 1) + 0.004 * frame.native * random.normal();
  return frame;
}

/// Half-light radius in native pixels for which the galaxy fills the frame as it should.
double fitting_radius(const Frame& frame, const MajorAxisProfile& profile, bool planar) {
  const double seeing = 0.45 * frame.fwhm;
  const double wanted = std::sqrt(
      std::max(0.2 * frame.extent * frame.extent, frame.extent * frame.extent - seeing * seeing));
  double radius = wanted;
  for (int i = 0; i < 4; ++i) {
    radius = wanted / visible_extent(profile, 0.35 * frame.fwhm / radius, frame.peak, planar);
  }
  return radius;
}

/// Components on the scene, and the peak they reach in r after seeing.
struct Galaxy {
  Scene scene;
  GalaxyTruth truth;
  explicit Galaxy(const Frame& frame) : scene(frame.native, frame.native) {}
};

void set_geometry(GalaxyTruth& truth, const Frame& frame, const Ellipse& shape) {
  truth.half_light_radius_px = shape.radius;
  truth.axis_ratio = shape.axis_ratio;
  // From "downwards on the screen" to the usual sense.
  const double degrees = std::fmod(-shape.angle / kDegree, 180.0);
  truth.position_angle_deg = degrees < 0 ? degrees + 180 : degrees;
  truth.seeing_fwhm_px = frame.fwhm;
}

void draw_spheroid(Galaxy& galaxy, const Frame& frame, Random& random, bool cigar) {
  GalaxyTruth& truth = galaxy.truth;
  truth.bulge_fraction = 1;
  // A part of the round ones are disks without structure, seen face-on, bluer and flatter.
  const bool diskish = random.chance(cigar ? 0.35 : 0.3);
  truth.sersic_index =
      diskish ? random.uniform(0.8, 1.7) : truncated_normal(random, 3.2, 1.1, 1.3, 6);
  truth.g_minus_r = diskish ? truncated_normal(random, 0.62, 0.2, 0.2, 1.1)
                            : truncated_normal(random, 0.88, 0.13, 0.4, 1.3);
  Ellipse shape{frame.x, frame.y, 1, 1, random.uniform(0, kPi)};
  shape.axis_ratio = cigar ? truncated_normal(random, 0.41, 0.06, 0.24, 0.52)
                           : 1 - std::abs(truncated_normal(random, 0.06, 0.07, -0.3, 0.3));
  const double n = truth.sersic_index;
  shape.radius = fitting_radius(
      frame, [n](double r) { return sersic_intensity(r, 1, n); }, true);
  Plane light(frame.native, frame.native);
  add_sersic(light, shape, n, 1.0);
  galaxy.scene.add(light, galaxy_colour(truth.g_minus_r));
  if (!diskish && random.chance(0.5)) {
    // Colour gradients: centres are redder.
    Plane core(frame.native, frame.native);
    Ellipse inner = shape;
    inner.radius *= 0.5;
    const double amount = random.uniform(0.05, 0.25);
    add_sersic(core, inner, n, amount);
    galaxy.scene.add(core, galaxy_colour(truth.g_minus_r + random.uniform(0.05, 0.3)));
  }
  set_geometry(truth, frame, shape);
}

void draw_edge_on(Galaxy& galaxy, const Frame& frame, Random& random) {
  GalaxyTruth& truth = galaxy.truth;
  truth.inclination_deg = truncated_normal(random, 85, 5, 74, 90);
  const bool bulgeless = random.chance(0.35);
  truth.bulge_fraction =
      bulgeless ? random.uniform(0, 0.06) : std::min(0.5, 0.05 + 0.12 * random.exponential());
  truth.sersic_index = random.uniform(1.0, 3.5);
  const double thickness = truncated_normal(random, 0.16, 0.05, 0.07, 0.32);  // z0 / h
  const double tilt = std::cos(truth.inclination_deg * kDegree);
  const double bulge = truth.bulge_fraction;
  const double bulge_radius = random.uniform(0.15, 0.4);  // in half-light radii of the disk
  const double bulge_q = random.uniform(0.45, 0.9);
  const double n = truth.sersic_index;
  const double half_light = 1.15;  // of |x| K1 along the line, in scale lengths: see visible_extent
  Frame fit = frame;
  const double h_radius = fitting_radius(
      fit,
      [=](double r) {
        const double u = r * half_light;
        return (1 - bulge) * (u < 1e-6 ? 1.0 : u * bessel_k1(u)) / (kPi * 2 * thickness) +
               bulge * sersic_intensity(r, bulge_radius, n, bulge_q) * 0.75;
      },
      false);
  const double h = h_radius * half_light;
  Ellipse disk{frame.x, frame.y, h, std::hypot(thickness, 0.8 * tilt), random.uniform(0, kPi)};
  truth.g_minus_r = bulgeless ? truncated_normal(random, 0.55, 0.17, 0.2, 1.0)
                              : truncated_normal(random, 0.80, 0.17, 0.35, 1.2);
  Plane light(frame.native, frame.native);
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
  Plane spheroid(frame.native, frame.native);
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
      double factor = 1;
      for (const Patch& p : patch) {
        const double d2 = ((u - p.u) * (u - p.u) + 4 * (z - p.z) * (z - p.z)) / (p.size * p.size);
        if (d2 < 12) factor += p.strength * std::exp(-0.5 * d2);
      }
      double shade = 1;
      if (truth.dust_lane) {
        const double lane = (z - lane_offset) / lane_width;
        if (std::abs(lane) < 4) {
          shade = 1 - lane_depth * std::exp(-0.5 * lane * lane) *
                          std::exp(-0.5 * std::pow(u / (2.6 * h), 4));
        }
      }
      factor = std::max(0.15, factor);
      light.at(x, y) *= static_cast<float>(factor * shade);
      // Dust reddens: red light is dimmed less.
      red_light.at(x, y) *= static_cast<float>(factor * std::sqrt(shade));
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
    pattern.sharpness = random.uniform(1.0, 4.0);
    pattern.flocculence = random.uniform(0, 0.4);
  } else if (kind < 0.75) {
    pattern.arms = 3 + static_cast<int>(random.below(3));
    pattern.sharpness = random.uniform(0.8, 2.5);
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
  const double contrast = std::clamp(log_normal(random, 0.9, 0.6), 0.25, 4.0);
  const double dust = random.uniform(0, 0.6) * std::min(1.0, contrast);
  const SpiralLight light = spiral_light(frame.native, frame.native, disk, pattern, dust, random);

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
  Plane knot_light(frame.native, frame.native);
  for (int k = 0; k < knots && young_total > 0; ++k) {
    double left = random.uniform() * young_total;
    std::size_t at = 0;
    while (at + 1 < light.young.values.size() && left > light.young.values[at]) {
      left -= light.young.values[at++];
    }
    const int w = frame.native;
    Ellipse knot{static_cast<double>(at % w), static_cast<double>(at / w), random.uniform(0.3, 1.6),
                 1, 0};
    add_sersic(knot_light, knot, 0.7,
               (1 - bulge) * contrast * young_total * random.exponential() * 0.012, 1e-7);
  }
  galaxy.scene.add(knot_light, galaxy_colour(young_colour - random.uniform(0, 0.35)));
  if (bulge > 0.002) {
    Plane spheroid(frame.native, frame.native);
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

double peak_near_centre(const Plane& plane) {
  const int w = plane.width;
  float peak = 0;
  const int reach = std::max(2, w / 40);
  for (int y = plane.height / 2 - reach; y <= plane.height / 2 + reach; ++y) {
    for (int x = w / 2 - reach; x <= w / 2 + reach; ++x) peak = std::max(peak, plane.at(x, y));
  }
  return peak;
}

}  // namespace

const std::vector<std::string>& galaxy_classes() {
  static const std::vector<std::string> classes = {"smooth_round", "smooth_cigar", "edge_on_disk",
                                                   "unbarred_spiral"};
  return classes;
}

void check(const GalaxyOptions& options) {
  if (options.size < 16 || options.size > 1024) {
    throw Error::usage("simulated galaxies",
                       "size " + std::to_string(options.size) + " is outside 16 to 1024 pixels");
  }
  const std::vector<std::string>& classes = galaxy_classes();
  if (options.class_key &&
      std::find(classes.begin(), classes.end(), *options.class_key) == classes.end()) {
    throw Error::unknown_key("simulated galaxies: class", *options.class_key, classes);
  }
}

std::string draw_galaxy_class(Random& random, const GalaxyOptions& options) {
  // Drawn always, so that what follows in the stream does not depend on the option.
  const std::size_t drawn = random.below(galaxy_classes().size());
  return options.class_key.value_or(galaxy_classes()[drawn]);
}

SimulatedGalaxy simulate_galaxy(Random& random, const GalaxyOptions& options) {
  check(options);
  const std::string key = draw_galaxy_class(random, options);
  Frame frame = key == "smooth_round"   ? draw_frame(random, 72, 0.28, 170)
                : key == "smooth_cigar" ? draw_frame(random, 84, 0.28, 160)
                : key == "edge_on_disk" ? draw_frame(random, 112, 0.30, 110)
                                        : draw_frame(random, 112, 0.32, 120);
  Galaxy galaxy(frame);
  if (key == "smooth_round") {
    draw_spheroid(galaxy, frame, random, false);
  } else if (key == "smooth_cigar") {
    draw_spheroid(galaxy, frame, random, true);
  } else if (key == "edge_on_disk") {
    draw_edge_on(galaxy, frame, random);
  } else {
    draw_spiral(galaxy, frame, random);
  }
  GalaxyTruth& truth = galaxy.truth;
  truth.class_key = key;
  truth.peak_signal_to_noise = frame.peak;

  Scene& scene = galaxy.scene;
  scene.convolve(moffat_mixture(frame.fwhm));
  const float scale =
      static_cast<float>(frame.peak / std::max(1e-12, peak_near_centre(scene.band(1))));
  for (int b = 0; b < 3; ++b) {
    for (float& v : scene.band(b).values) v *= scale;
  }
  NeighbourOptions around;
  around.mean = 7 * std::pow(frame.native / 110.0, 2) * log_normal(random, 1, 0.5);
  around.clear_radius = 0.2 * frame.native;
  around.fwhm = frame.fwhm;
  truth.neighbours = add_neighbours(scene, random, around);

  Exposure exposure;
  exposure.sky_electrons = log_normal(random, 700, 0.2);
  exposure.sky_noise = {random.uniform(1.0, 1.35), 1.0, random.uniform(0.7, 0.95)};
  for (double& offset : exposure.offset) offset = random.normal(0, 0.12);
  if (random.chance(0.03)) exposure.offset[0] += random.uniform(0.5, 3);
  expose(scene, random, exposure);

  Picture picture;
  picture.slope = std::clamp(log_normal(random, 9.5, 0.12), 5.0, 16.0);
  picture.range = random.uniform(6.5, 7.5);

  SimulatedGalaxy result;
  result.image = to_image(stretch(scene, picture), options.size);
  if (options.keep_bands) result.bands = to_raster(scene, options.size);
  const double to_delivered = static_cast<double>(options.size) / frame.native;
  truth.half_light_radius_px *= to_delivered;
  truth.seeing_fwhm_px *= to_delivered;
  result.truth = truth;
  return result;
}

}  // namespace firstlight::sim
