#pragma once

#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/image/image.h"
#include "firstlight/task/task.h"

/// How measured values become grey levels. All functions are pure; values are those of one band
/// unless said otherwise.
///
/// Kinds of StretchSettings, with x = (value - low) / (high - low) clipped to [0, 1]:
///   linear      y = x; low and high: as given, else the least and greatest value
///   percentile  y = x; the interval that keeps `percentile` percent of the pixels, as many left
///   out
///               at either end
///   zscale      y = x; IRAF's interval around the median with `contrast`
///   asinh       y = asinh(x / a) / asinh(1 / a), a = `softening` (0.1); low and high: as given,
///   else
///               as for percentile
///   log         y = log(a x + 1) / log(a + 1), a = `softening` (1000); limits as for asinh
///   lupton      Lupton et al. 2004 (doi:10.1086/382245): the mean I of the bands minus `low` (0)
///   is
///               stretched, f(I) = asinh(Q I / `stretch`) * 0.1 / asinh(0.1 Q), Q = `softening`
///               (8), every band is multiplied by f(I) / I, and a pixel whose greatest band is
///               above 1 is divided by it: colours are kept
/// A given `low` or `high` always wins. Equal limits leave x = value - low, clipped. Definitions
/// and defaults are those of astropy.visualization (LinearStretch, PercentileInterval,
/// ZScaleInterval, AsinhStretch, LogStretch, make_lupton_rgb).
namespace firstlight {

struct StretchLimits {
  double low = 0.0;
  double high = 1.0;
};

/// Limits of the interval that keeps `percentile` percent, by linear interpolation between order
/// statistics. `values` is finite and not empty; it is taken by value because it gets reordered.
StretchLimits percentile_limits(std::vector<float> values, double percentile);

/// zscale as in astropy and IRAF: a line fitted to at most 1000 sorted samples, clipped at 2.5
/// sigma in at most 5 rounds; slope over `contrast` gives the limits. `values` is finite and not
/// empty.
StretchLimits zscale_limits(const std::vector<float>& values, double contrast);

double asinh_stretch(double x, double a);
double log_stretch(double x, double a);

/// The limits of each band for `settings`, from finite pixels in the central `limits_from` of the
/// frame's sides, or of the whole frame where that part is blank. A kind of "none" counts as
/// percentile. Error::input where a band is all blank, Error::usage for a `high` with lupton.
Result<std::vector<StretchLimits>> find_limits(const Raster& raster,
                                               const StretchSettings& settings);

/// Stretched bands in [0, 1]; blank pixels are 0. `limits` has one entry a band.
Raster apply_stretch(const Raster& raster, const StretchSettings& settings,
                     const std::vector<StretchLimits>& limits);

/// Grey for one band, red, green and blue for three in reverse order (g, r, z: z is red), for two
/// the second as red, the first as blue and their mean as green. Values in [0, 1] become 0 to 255,
/// rounded. `bands` is 1, 2 or 3.
Image to_picture(const Raster& stretched);

/// Dark on white instead of light on dark, and back.
void invert(Image& image);

}  // namespace firstlight
