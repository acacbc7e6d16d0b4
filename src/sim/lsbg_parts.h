#pragma once

#include "firstlight/base/random.h"
#include "scene.h"

/// What the cutouts of galaxies and of artifacts are put together from.
namespace firstlight::sim {

/// Light before seeing (to be convolved with the rest) and what is laid over the exposure.
struct LsbgFrame {
  Scene light;    ///< convolved with the seeing afterwards
  Scene overlay;  ///< added after it: stars, glow, ghosts
  double fwhm = 2.2;
  /// A saturated star: columns of charge that bled along the rows, drawn after the noise.
  struct Bleed {
    double x = 0;
    double y = 0;
    double length = 0;          ///< half length of the trail; 0 = no bleed
    double thickness = 0;       ///< half thickness in the middle
    Colour level = {0, 0, 0};   ///< value of the bands in the trail
    Colour extent = {1, 1, 1};  ///< length of the trail in each band, relative
  };
  Bleed bleed;

  explicit LsbgFrame(int side) : light(side, side), overlay(side, side) {}
};

/// Adds a galaxy of given brightness at the peak; radius in pixels, before seeing.
struct SmoothGalaxy {
  Ellipse shape;
  double n = 1;
  double peak = 10;  ///< mean surface brightness near the centre, in sky noise
  double g_minus_r = 0.4;
};
void add_galaxy(Scene& scene, const SmoothGalaxy& galaxy);

/// A disk with arms and bulge.
void add_disk_galaxy(Scene& scene, Random& random, const Ellipse& shape, double peak,
                     double g_minus_r);
/// Star-forming clumps over an ellipse; `peak` of the brightest in sky noise.
void add_clumps(Scene& scene, Random& random, const Ellipse& shape, int count, double peak,
                double g_minus_r);
/// Stars bright enough for spikes, halo, and, where saturated, a bleed trail.
void add_bright_star(LsbgFrame& frame, Random& random, double x, double y, bool saturated);

/// As galaxy_colour, in the balance of DES pictures: blue galaxies have less red than green there.
Colour des_colour(double g_minus_r);

}  // namespace firstlight::sim
