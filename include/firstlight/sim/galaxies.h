#pragma once

#include <optional>
#include <string>
#include <vector>

#include "firstlight/base/random.h"
#include "firstlight/image/image.h"

namespace firstlight::sim {

/// Everything the generator knows about a galaxy. Lengths in pixels of the delivered image.
struct GalaxyTruth {
  std::string class_key;      ///< smooth_round | smooth_cigar | edge_on_disk | unbarred_spiral
  double bulge_fraction = 0;  ///< light in the spheroid over all light (1: no disk)
  double sersic_index = 0;    ///< of the spheroid
  double half_light_radius_px = 0;  ///< along the major axis, before seeing
  double axis_ratio = 1;            ///< apparent b/a of the main component, before seeing
  double inclination_deg = 0;       ///< of the disk, 0 = face-on; 0 for spheroids
  double position_angle_deg = 0;    ///< of the major axis, from +x counter-clockwise, [0, 180)
  int arms = 0;                     ///< 0: none, or flocculent
  double pitch_deg = 0;             ///< of the arms
  double arm_contrast = 0;          ///< arm light over smooth disk light
  bool clockwise = false;           ///< sense in which trailing arms wind outwards on the picture
  bool dust_lane = false;
  double g_minus_r = 0;             ///< of all the light, magnitudes
  double peak_signal_to_noise = 0;  ///< central surface brightness after seeing over sky noise
  double seeing_fwhm_px = 0;
  int neighbours = 0;
};

struct SimulatedGalaxy {
  Image image;   ///< 8-bit RGB as SDSS publishes it, size x size
  Raster bands;  ///< red, green, blue = i, r, g with noise, before the stretch, in units of the
                 ///< sky noise of the native frame; empty unless asked for
  GalaxyTruth truth;
};

struct GalaxyOptions {
  int size = 224;  ///< side of the delivered image in pixels, [16, 1024]; content does not change
  std::optional<std::string> class_key;  ///< only this class; else each with equal probability
  bool keep_bands = false;
};

/// The classes, in the order of the task `galaxy-morphology`.
const std::vector<std::string>& galaxy_classes();

/// Throws Error::usage for an unknown class or a size out of range.
void check(const GalaxyOptions& options);
/// The class of the galaxy that simulate_galaxy makes from the same random numbers.
std::string draw_galaxy_class(Random& random, const GalaxyOptions& options = {});

/// One galaxy centred in its frame. The frame is drawn at a survey's native pixels and resampled to
/// `size`, as published cutouts are. Throws Error::usage for an unknown class or size.
SimulatedGalaxy simulate_galaxy(Random& random, const GalaxyOptions& options = {});

}  // namespace firstlight::sim
