#pragma once

#include "firstlight/base/random.h"
#include "firstlight/image/image.h"
#include "firstlight/sim/render.h"
#include "scene.h"

namespace firstlight::sim {

/// The noise of an exposure. A unit of brightness is the sky noise of a pixel in r.
struct Exposure {
  double sky_electrons = 700;  ///< in r, a pixel; sets the ratio of shot noise to sky noise
  std::array<double, 3> sky_noise = {1, 1, 1};  ///< relative noise of the bands red, green, blue
  std::array<double, 3> offset = {0, 0, 0};     ///< error of sky subtraction
  double correlation_px = 0;  ///< sigma of a Gaussian that resampling drew over the noise
};
/// Adds sky and shot noise: each pixel's count is a Poisson number of the expected electrons (the
/// normal limit above 50), from which the mean sky is taken off.
void expose(Scene& scene, Random& random, const Exposure& exposure);

/// How a survey turns three bands into a colour picture.
struct Picture {
  double slope = 10;        ///< grey levels a sky noise at the faint end
  double range = 7;         ///< asinh range: bright light is compressed as asinh over this
  double sky_level = 0;     ///< grey level of the sky
  double colour_boost = 1;  ///< saturation of the colours
};
/// Colour-preserving asinh stretch (Lupton et al. 2004, PASP 116, 133): the mean of the bands is
/// stretched, band ratios are kept, and a pixel above white is scaled down as a whole. Result:
/// three planes of grey levels, not rounded.
std::array<Plane, 3> stretch(const Scene& scene, const Picture& picture);

/// What a survey's picture files went through: the planes become those of a JPEG file (ISO/IEC
/// 10918-1, colour at half resolution) of that quality.
void compress(std::array<Plane, 3>& rgb, int quality);
/// The middle side x side pixels of a plane turned by `angle` (radians; the pixel at offset d from
/// the middle shows what lies at offset R(angle) d), cubic convolution: image servers turn frames
/// north up.
Plane rotated_middle(const Plane& plane, double angle, int side);

/// The bands resampled to size x size pixels (bicubic, without aliasing when shrinking); brightness
/// stays that of a pixel of the scene.
Raster to_raster(const std::array<Plane, 3>& bands, int size);
/// The same, rounded to 8 bits.
Image to_image(const std::array<Plane, 3>& planes, int size);

}  // namespace firstlight::sim
