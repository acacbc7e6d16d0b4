#pragma once

#include <optional>
#include <string>
#include <vector>

#include "firstlight/base/random.h"
#include "firstlight/image/image.h"

namespace firstlight::sim {

/// Everything the generator knows about a cutout that a search for low-surface-brightness galaxies
/// (LSBG) would return. Lengths in pixels of the delivered image.
struct LsbgTruth {
  std::string class_key;  ///< lsbg | artifact
  /// One of lsbg_kinds() or artifact_kinds().
  std::string kind;
  double offset_px = 0;             ///< of the main object from the middle
  double half_light_radius_px = 0;  ///< of the galaxy, before seeing; 0 where there is none
  double axis_ratio = 1;
  double position_angle_deg = 0;  ///< from +x counter-clockwise, [0, 180)
  double sersic_index = 0;
  double g_minus_r = 0;
  double peak_signal_to_noise = 0;  ///< central surface brightness after seeing over sky noise
  int neighbours = 0;
};

struct SimulatedLsbg {
  Image image;   ///< 8-bit RGB in the look of the Dark Energy Survey's cutouts, size x size
  Raster bands;  ///< red, green, blue = i, r, g with noise, before the stretch; the unit is about
                 ///< 1.2 times the sky noise in r; empty unless asked for
  LsbgTruth truth;
};

struct LsbgOptions {
  int size = 64;  ///< side of the delivered image in pixels, [16, 1024]; content does not change
  std::optional<std::string> class_key;  ///< lsbg or artifact; else each with probability 1/2
  std::optional<std::string> kind;       ///< only this kind (its class follows)
  bool keep_bands = false;
};

/// artifact, lsbg: the order of the task `lsbg`.
const std::vector<std::string>& lsbg_classes();
/// smooth, diffuse (very large), nucleated, clumpy, irregular.
const std::vector<std::string>& lsbg_kinds();
/// off_centre_galaxy, galaxy_part, bright_star, saturated_star, reflection, diffuse_light,
/// tidal_arc, blend, ordinary_galaxy, off_centre_lsbg, crowded_field, empty.
const std::vector<std::string>& artifact_kinds();

/// Throws Error::usage for an unknown class or kind, or a size out of range.
void check(const LsbgOptions& options);
/// The class of the cutout that simulate_lsbg makes from the same random numbers.
std::string draw_lsbg_class(Random& random, const LsbgOptions& options = {});

/// One cutout. Throws Error::usage for an unknown class, kind or size.
SimulatedLsbg simulate_lsbg(Random& random, const LsbgOptions& options = {});

}  // namespace firstlight::sim
