#pragma once

#include <cstdint>
#include <vector>

#include "firstlight/image/image.h"
#include "firstlight/image/resize.h"

namespace firstlight {

/// How a picture is made worse, as a coarser, noisier or damaged detector would have made it. The
/// defaults change nothing.
struct Degradation {
  double resolution = 1.0;  ///< side over that of the original, (0, 1]; the picture gets smaller
  ResizeFilter filter = ResizeFilter::kArea;  ///< of `resolution`
  double noise = 0.0;  ///< standard deviation of Gaussian noise over the range of grey levels, >= 0
  double dead = 0.0;   ///< fraction of the readout channels without signal, [0, 1]
  bool dead_rows = false;  ///< a channel is a row of the picture; else a column
  bool inverted = false;   ///< dark on white: signal is what is dark, `filter` sees it bright
};

/// The median grey level of each channel, the lower of two: background where signal is sparse.
std::vector<std::uint8_t> median_colour(const Image& image);

/// The picture after: resolution (so that kMax and kSum keep sparse hits), then noise, independent
/// in every pixel and channel and clipped at black and white, then dead channels, drawn without
/// replacement and set to the median of the picture, which is its background where signal is
/// sparse. The same for the same seed. Throws Error::usage for a value out of range.
Image degrade(const Image& image, const Degradation& degradation, std::uint64_t seed);

}  // namespace firstlight
