#include "firstlight/sim/lsbg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "artifacts.h"
#include "firstlight/base/error.h"
#include "scene.h"
#include "survey.h"

namespace firstlight::sim {
namespace {

constexpr double kPi = std::numbers::pi;
/// Side of the frame in the survey's cutout pixels.
constexpr int kNative = 64;

/// Frequencies of the kinds, in the order of lsbg_kinds() and artifact_kinds(), estimated by eye
/// from the cutouts of Tanoglidis et al. 2021.
constexpr std::array<double, 5> kLsbgWeights = {0.42, 0.12, 0.13, 0.19, 0.14};
constexpr std::array<double, 12> kArtifactWeights = {0.17, 0.07, 0.08, 0.11, 0.05, 0.10,
                                                     0.09, 0.09, 0.12, 0.06, 0.02, 0.04};

template <std::size_t N>
std::size_t draw(Random& random, const std::array<double, N>& weights) {
  double left = random.uniform();
  for (std::size_t i = 0; i + 1 < N; ++i) {
    left -= weights[i];
    if (left < 0) return i;
  }
  return N - 1;
}

void draw_lsbg(LsbgFrame& frame, Random& random, LsbgTruth& truth) {
  const std::string& kind = truth.kind;
  SmoothGalaxy galaxy;
  const double middle = 0.5 * (kNative - 1);
  galaxy.shape = {middle + 0.7 * random.normal(), middle + 0.7 * random.normal(), 1, 1,
                  random.uniform(0, kPi)};
  galaxy.shape.radius = kind == "diffuse" ? random.uniform(8.5, 15)
                                          : std::clamp(log_normal(random, 4.6, 0.33), 2.6, 11.0);
  galaxy.shape.axis_ratio = truncated_normal(random, 0.75, 0.2, 0.28, 1.0);
  galaxy.n = truncated_normal(random, 0.95, 0.25, 0.5, 1.6);
  const bool red = random.chance(0.3);
  galaxy.g_minus_r = red ? truncated_normal(random, 0.58, 0.07, 0.4, 0.8)
                         : truncated_normal(random, 0.36, 0.1, 0.05, 0.6);
  galaxy.peak = kind == "diffuse" ? std::clamp(log_normal(random, 9.0, 0.45), 3.0, 22.0)
                                  : std::clamp(log_normal(random, 20.0, 0.42), 6.0, 50.0);
  if (kind == "irregular") {
    add_disk_galaxy(frame.light, random, galaxy.shape, 0.6 * galaxy.peak, galaxy.g_minus_r);
  } else {
    add_galaxy(frame.light, galaxy);
  }
  if (kind == "clumpy" || (kind == "irregular" && random.chance(0.5))) {
    add_clumps(frame.light, random, galaxy.shape, 4, random.uniform(0.5, 1.4) * galaxy.peak,
               galaxy.g_minus_r - random.uniform(0, 0.25));
  }
  if (kind == "nucleated") {
    frame.overlay.add_star(galaxy.shape.x, galaxy.shape.y, frame.fwhm,
                           random.uniform(0.5, 2.5) * galaxy.peak * 1.5 * frame.fwhm * frame.fwhm,
                           des_colour(galaxy.g_minus_r + random.uniform(-0.1, 0.2)));
  }
  truth.offset_px = std::hypot(galaxy.shape.x - middle, galaxy.shape.y - middle);
  truth.half_light_radius_px = galaxy.shape.radius;
  truth.axis_ratio = galaxy.shape.axis_ratio;
  truth.sersic_index = galaxy.n;
  truth.g_minus_r = galaxy.g_minus_r;
  truth.peak_signal_to_noise = galaxy.peak;
  const double degrees = std::fmod(-galaxy.shape.angle * 180 / kPi, 180.0);
  truth.position_angle_deg = degrees < 0 ? degrees + 180 : degrees;

  // Bright things beside an LSBG do not make it an artifact.
  if (random.chance(0.10)) {
    const double angle = random.uniform(0, 2 * kPi);
    const double r = random.uniform(17, 38);
    const double x = middle + r * std::cos(angle);
    const double y = middle + r * std::sin(angle);
    if (random.chance(0.6)) {
      add_bright_star(frame, random, x, y, random.chance(0.25));
    } else {
      add_galaxy(frame.light, {{x, y, random.uniform(1.5, 4), random.uniform(0.4, 1), angle},
                               random.uniform(2, 4),
                               log_normal(random, 120, 0.7),
                               random.normal(0.95, 0.1)});
    }
  }
}

/// Saturated pixels lose their meaning band by band: a lens-shaped trail along the row.
void apply_bleed(Scene& scene, const LsbgFrame::Bleed& bleed) {
  if (bleed.length <= 0) return;
  for (int b = 0; b < 3; ++b) {
    Plane& plane = scene.band(b);
    for (int y = 0; y < plane.height; ++y) {
      for (int x = 0; x < plane.width; ++x) {
        const double u = (x - bleed.x) / (bleed.length * bleed.extent[b]);
        if (std::abs(u) > 1) continue;
        const double half = bleed.thickness * bleed.extent[b] * std::sqrt(1 - u * u);
        if (std::abs(y - bleed.y) < half) plane.at(x, y) = bleed.level[b];
      }
    }
  }
}

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string class_of(const std::string& kind) {
  return holds(lsbg_kinds(), kind) ? "lsbg" : "artifact";
}

}  // namespace

const std::vector<std::string>& lsbg_classes() {
  static const std::vector<std::string> classes = {"artifact", "lsbg"};
  return classes;
}

const std::vector<std::string>& lsbg_kinds() {
  static const std::vector<std::string> kinds = {"smooth", "diffuse", "nucleated", "clumpy",
                                                 "irregular"};
  return kinds;
}

const std::vector<std::string>& artifact_kinds() {
  static const std::vector<std::string> kinds = {
      "off_centre_galaxy", "galaxy_part",     "bright_star",   "saturated_star",
      "reflection",        "diffuse_light",   "tidal_arc",     "blend",
      "ordinary_galaxy",   "off_centre_lsbg", "crowded_field", "empty"};
  return kinds;
}

void check(const LsbgOptions& options) {
  if (options.size < 16 || options.size > 1024) {
    throw Error::usage("simulated lsbg",
                       "size " + std::to_string(options.size) + " is outside 16 to 1024 pixels");
  }
  if (options.class_key && !holds(lsbg_classes(), *options.class_key)) {
    throw Error::unknown_key("simulated lsbg: class", *options.class_key, lsbg_classes());
  }
  if (!options.kind) return;
  if (!holds(lsbg_kinds(), *options.kind) && !holds(artifact_kinds(), *options.kind)) {
    std::vector<std::string> known = lsbg_kinds();
    known.insert(known.end(), artifact_kinds().begin(), artifact_kinds().end());
    throw Error::unknown_key("simulated lsbg: kind", *options.kind, known);
  }
  if (options.class_key && *options.class_key != class_of(*options.kind)) {
    throw Error::usage("simulated lsbg",
                       "kind " + *options.kind + " is not of class " + *options.class_key);
  }
}

std::string draw_lsbg_class(Random& random, const LsbgOptions& options) {
  // Drawn always, so that what follows in the stream does not depend on the options.
  const std::string drawn = lsbg_classes()[random.below(2)];
  if (options.kind) return class_of(*options.kind);
  return options.class_key.value_or(drawn);
}

SimulatedLsbg simulate_lsbg(Random& random, const LsbgOptions& options) {
  check(options);
  LsbgTruth truth;
  truth.class_key = draw_lsbg_class(random, options);
  const std::size_t lsbg_kind = draw(random, kLsbgWeights);
  const std::size_t artifact_kind = draw(random, kArtifactWeights);
  truth.kind = options.kind                ? *options.kind
               : truth.class_key == "lsbg" ? lsbg_kinds()[lsbg_kind]
                                           : artifact_kinds()[artifact_kind];

  LsbgFrame frame(kNative);
  frame.fwhm = truncated_normal(random, 2.2, 0.25, 1.7, 3.0);
  if (truth.class_key == "lsbg") {
    draw_lsbg(frame, random, truth);
  } else {
    draw_artifact(frame, random, truth);
  }
  Scene& scene = frame.light;
  scene.convolve(frame.fwhm);
  for (int b = 0; b < 3; ++b) {
    std::vector<float>& light = scene.band(b).values;
    const std::vector<float>& overlay = frame.overlay.band(b).values;
    for (std::size_t i = 0; i < light.size(); ++i) light[i] += overlay[i];
  }

  NeighbourOptions around;
  around.mean = 16 * log_normal(random, 1, 0.4);
  around.star_fraction = 0.35;
  around.faintest = 2.5;
  around.slope = 0.8;
  around.clear_radius = truth.class_key == "lsbg" ? 4 : 0;
  around.fwhm = frame.fwhm;
  around.colour = des_colour;
  around.galaxy_radius = 1.0;
  truth.neighbours = add_neighbours(scene, random, around);

  Exposure exposure;
  exposure.sky_electrons = log_normal(random, 2500, 0.3);
  const double depth = random.chance(0.08) ? random.uniform(1.3, 2.2) : log_normal(random, 1, 0.1);
  exposure.sky_noise = {1.2 * depth, 0.82 * depth, 0.92 * depth};
  for (double& offset : exposure.offset) offset = random.normal(0, 0.12);
  exposure.correlation_px = random.uniform(0.3, 0.55);
  expose(scene, random, exposure);
  truth.peak_signal_to_noise /= exposure.sky_noise[1];
  apply_bleed(scene, frame.bleed);

  Picture picture;
  picture.slope = std::clamp(log_normal(random, 4.0, 0.08), 3.0, 5.5);
  picture.range = 5;
  picture.sky_level = 32;
  picture.colour_boost = random.uniform(1.1, 1.4);

  SimulatedLsbg result;
  result.image = to_image(stretch(scene, picture), options.size);
  if (options.keep_bands) result.bands = to_raster(scene.bands(), options.size);
  const double to_delivered = static_cast<double>(options.size) / kNative;
  truth.offset_px *= to_delivered;
  truth.half_light_radius_px *= to_delivered;
  result.truth = truth;
  return result;
}

}  // namespace firstlight::sim
