#include "firstlight/sim/galaxies.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "firstlight/base/error.h"
#include "galaxy_parts.h"
#include "spiral.h"
#include "survey.h"

namespace firstlight::sim {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kDegree = kPi / 180;

/// The surveys' cutouts are scaled to the object: the root mean square of its light along the major
/// axis within the faintest visible contour is some 19 of 224 pixels. This gives that length in
/// half-light radii for a peak `peak` (in sky noise, after seeing that flattens the profile inside
/// `core`).
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

Frame draw_frame(Random& random, double median_native, double spread, double median_peak) {
  Frame frame;
  frame.native =
      static_cast<int>(std::clamp(log_normal(random, median_native, spread), 44.0, 240.0));
  frame.fwhm = truncated_normal(random, 3.3, 0.4, 2.4, 4.6);
  frame.peak = std::clamp(log_normal(random, median_peak, 0.5), 12.0, 1500.0);
  frame.extent = frame.native / 224.0 * log_normal(random, 17.5, 0.06);
  if (random.chance(0.06)) frame.extent *= random.uniform(1.1, 1.5);
  // Survey frames lie along the scan; image servers turn them north up.
  frame.turn = random.chance(0.2) ? 0.0 : random.uniform(-kPi / 4, kPi / 4);
  frame.drawn = static_cast<int>(std::ceil(
                    frame.native * (std::cos(frame.turn) + std::abs(std::sin(frame.turn))))) +
                2;
  frame.x = 0.5 * (frame.drawn - 1) + 0.004 * frame.native * random.normal();
  frame.y = 0.5 * (frame.drawn - 1) + 0.004 * frame.native * random.normal();
  return frame;
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

void set_geometry(GalaxyTruth& truth, const Frame& frame, const Ellipse& shape) {
  truth.half_light_radius_px = shape.radius;
  truth.axis_ratio = shape.axis_ratio;
  // As delivered, and from "downwards on the screen" to the usual sense.
  const double degrees = std::fmod((frame.turn - shape.angle) / kDegree, 180.0);
  truth.position_angle_deg = degrees < 0 ? degrees + 180 : degrees;
  truth.seeing_fwhm_px = frame.fwhm;
}

void draw_spheroid(Galaxy& galaxy, const Frame& frame, Random& random, bool cigar) {
  GalaxyTruth& truth = galaxy.truth;
  Ellipse shape{frame.x, frame.y, 1, 1, random.uniform(0, kPi)};
  shape.axis_ratio = cigar ? truncated_normal(random, 0.385, 0.05, 0.24, 0.48)
                           : 1 - std::abs(truncated_normal(random, 0.06, 0.07, -0.3, 0.3));
  // What volunteers call smooth is an elliptical, or a lenticular or faint spiral without visible
  // structure: a bluer disk around a yellow bulge.
  const bool disk = random.chance(0.55);
  truth.bulge_fraction = disk ? std::min(0.5, 0.15 * random.exponential()) : 1;
  const double bulge = truth.bulge_fraction;
  truth.sersic_index = disk ? random.uniform(1, 3.5) : truncated_normal(random, 3.0, 1.1, 1.3, 6);
  truth.g_minus_r = disk ? truncated_normal(random, cigar ? 0.75 : 0.62, 0.18, 0.2, 1.1)
                         : truncated_normal(random, 0.88, 0.13, 0.4, 1.3);
  const double n = truth.sersic_index;
  const double disk_n = random.uniform(0.6, 1.2);
  const double bulge_radius = disk ? random.uniform(0.12, 0.35) : 1;
  shape.radius = fitting_radius(
      frame,
      [=](double r) {
        return bulge * sersic_intensity(r, bulge_radius, n) +
               (bulge < 1 ? (1 - bulge) * sersic_intensity(r, 1, disk_n) : 0.0);
      },
      true);
  if (disk) {
    galaxy.scene.add_sersic(shape, disk_n, 1 - bulge, galaxy_colour(truth.g_minus_r));
    // Too faint or too blurred to be called structure, but there.
    SpiralPattern pattern;
    pattern.arms = static_cast<int>(random.below(3));
    pattern.pitch = random.uniform(0.15, 0.5);
    pattern.phase = random.uniform(0, 2 * kPi);
    pattern.flocculence = random.uniform(0.3, 1.0);
    Ellipse plane = shape;
    plane.radius /= 1.678;
    const SpiralLight light = spiral_light(frame.drawn, frame.drawn, plane, pattern, 0, random);
    galaxy.scene.add(light.young, galaxy_colour(truth.g_minus_r - 0.1),
                     (1 - bulge) * random.uniform(0, 0.5));
  }
  Ellipse core = shape;
  core.radius *= bulge_radius;
  core.axis_ratio = disk ? 1 - 0.7 * (1 - shape.axis_ratio) : shape.axis_ratio;
  const double core_colour =
      disk ? std::max(truth.g_minus_r, random.normal(0.88, 0.12)) : truth.g_minus_r;
  galaxy.scene.add_sersic(core, n, bulge, galaxy_colour(core_colour));
  if (!disk && random.chance(0.5)) {
    // Colour gradients: centres are redder.
    core.radius *= 0.5;
    galaxy.scene.add_sersic(core, n, random.uniform(0.05, 0.25),
                            galaxy_colour(truth.g_minus_r + random.uniform(0.05, 0.3)));
  }
  set_geometry(truth, frame, shape);
}

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
  Frame frame = key == "smooth_round"   ? draw_frame(random, 80, 0.28, 145)
                : key == "smooth_cigar" ? draw_frame(random, 98, 0.28, 135)
                : key == "edge_on_disk" ? draw_frame(random, 125, 0.30, 100)
                                        : draw_frame(random, 130, 0.32, 105);
  // What the contour misses or adds: bulges and arms of disks, measured on the pictures.
  if (key == "edge_on_disk") frame.extent *= 1.33;
  if (key == "unbarred_spiral") frame.extent *= 0.91;
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
  // Bands are exposed one after another, through different depths of air.
  std::array<Scene::Band, 3> bands;
  for (const int b : {0, 2}) {
    bands[b] = {truncated_normal(random, 0, 0.15, -0.6, 0.6),
                truncated_normal(random, 0, 0.15, -0.6, 0.6),
                truncated_normal(random, b == 0 ? 0.97 : 1.06, 0.06, 0.85, 1.25)};
  }
  scene.set_bands(bands);
  scene.convolve(frame.fwhm);
  // Objects differ in more than one colour: lines, metals, dust.
  const std::array<double, 3> tint = {log_normal(random, 1, 0.035), 1.0,
                                      log_normal(random, 1, 0.035)};
  const float scale =
      static_cast<float>(frame.peak / std::max(1e-12, peak_near_centre(scene.band(1))));
  for (int b = 0; b < 3; ++b) {
    for (float& v : scene.band(b).values) v *= scale * static_cast<float>(tint[b]);
  }
  NeighbourOptions around;
  around.mean = 4.5 * std::pow(frame.drawn / 110.0, 2) * log_normal(random, 1, 0.5);
  around.clear_radius = 0.2 * frame.native;
  around.fwhm = frame.fwhm;
  around.galaxy_radius = 1.7;
  truth.neighbours = add_neighbours(scene, random, around);

  Exposure exposure;
  exposure.sky_electrons = log_normal(random, 700, 0.2);
  exposure.sky_noise = {random.uniform(1.0, 1.35), 1.0, random.uniform(0.7, 0.95)};
  for (double& offset : exposure.offset) offset = random.normal(0, 0.12);
  if (random.chance(0.03)) exposure.offset[0] += random.uniform(0.5, 3);
  expose(scene, random, exposure);

  Picture picture;
  picture.slope = std::clamp(log_normal(random, 12, 0.15), 6.0, 18.0);
  picture.range = random.uniform(6.5, 7.5);

  SimulatedGalaxy result;
  std::array<Plane, 3> rgb = stretch(scene, picture);
  compress(rgb, static_cast<int>(random.uniform(62, 90)));
  for (Plane& plane : rgb) plane = rotated_middle(plane, frame.turn, frame.native);
  result.image = to_image(rgb, options.size);
  if (options.keep_bands) {
    std::array<Plane, 3> planes = scene.bands();
    for (Plane& plane : planes) plane = rotated_middle(plane, frame.turn, frame.native);
    result.bands = to_raster(planes, options.size);
  }
  const double to_delivered = static_cast<double>(options.size) / frame.native;
  truth.half_light_radius_px *= to_delivered;
  truth.seeing_fwhm_px *= to_delivered;
  result.truth = truth;
  return result;
}

}  // namespace firstlight::sim
