#pragma once

#include <array>
#include <cstdint>

#include "firstlight/base/random.h"
#include "firstlight/image/image.h"
#include "firstlight/sim/render.h"

namespace firstlight::sim {

/// Brightness in the displayed bands red, green, blue = i, r, g, relative to r.
using Colour = std::array<float, 3>;

/// Band ratios of a g - r colour (magnitudes) with r - i along the galaxies' or the stars'
/// sequence. The zero points are those of the surveys' pictures.
Colour galaxy_colour(double g_minus_r);
Colour star_colour(double g_minus_r);

/// The frame that is being exposed: three planes in the order red, green, blue; units of the sky
/// noise (one standard deviation of a pixel in r).
class Scene {
 public:
  Scene(int width, int height);

  /// How a band differs from r: registration (pixels, below 3) and seeing (a factor).
  struct Band {
    double dx = 0;
    double dy = 0;
    double seeing = 1;
  };
  /// Holds for whatever is convolved or added as a star afterwards.
  void set_bands(const std::array<Band, 3>& bands) { difference_ = bands; }

  int width() const { return planes_[0].width; }
  int height() const { return planes_[0].height; }
  Plane& band(int b) { return planes_[b]; }
  const Plane& band(int b) const { return planes_[b]; }
  const std::array<Plane, 3>& bands() const { return planes_; }

  /// Adds `plane` in a colour.
  void add(const Plane& plane, const Colour& colour, double factor = 1);
  /// Seeing of that full width at half maximum in r.
  void convolve(double fwhm);

  /// A Sersic profile of the given flux in r, in a colour.
  void add_sersic(const Ellipse& ellipse, double n, double flux, const Colour& colour,
                  double floor = 0);
  /// A star as a Moffat profile (not to be convolved again).
  void add_star(double x, double y, double fwhm, double flux, const Colour& colour);

 private:
  std::array<Plane, 3> planes_;
  std::array<Band, 3> difference_;
};

/// What surrounds the target.
struct NeighbourOptions {
  double mean = 5;  ///< expected number in the frame
  double star_fraction = 0.5;
  double faintest = 3;  ///< peak after seeing, in sky noise
  double slope = 0.7;   ///< peaks P are drawn from N(>P) ~ P^-slope
  double brightest = 3000;
  double clear_radius = 0;  ///< around the middle, in pixels, mostly kept free
  double fwhm = 3.3;
  Colour (*colour)(double g_minus_r) = galaxy_colour;  ///< of galaxies
  double galaxy_radius = 2.2;                          ///< median half-light radius in pixels
};
/// Adds stars and galaxies, some cut by the frame's edge; returns how many. Call after the target
/// was convolved.
int add_neighbours(Scene& scene, Random& random, const NeighbourOptions& options);

/// A number from a normal distribution, drawn again until it lies in [low, high].
double truncated_normal(Random& random, double mean, double sigma, double low, double high);
double log_normal(Random& random, double median, double sigma_ln);

}  // namespace firstlight::sim
