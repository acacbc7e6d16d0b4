#pragma once

#include <cstdint>
#include <vector>

#include "firstlight/image/image.h"

namespace firstlight {

/// Side of the thumbnails that pictures are compared by.
inline constexpr int kThumbnailSide = 96;

/// The central square of a picture in grey, kThumbnailSide a side, rows from the top. Measured
/// values are scaled from their 0.5 to their 99.5 percentile; NaN becomes 0.
using Thumbnail = std::vector<std::uint8_t>;
Thumbnail make_thumbnail(const Pixels& pixels);

/// What is compared of a square part of a thumbnail: the logarithm of its brightness in cells x
/// cells equal cells, with the local mean (5 x 5 cells) taken off, over the local scatter, as a
/// vector of mean 0 and length 1. Galaxies resemble each other in their smooth light, which this
/// takes out; what stays is the noise of the exposure and faint neighbours, which two images share
/// only if they are made from one exposure. Zeros where the part is uniform.
class Fingerprints {
 public:
  explicit Fingerprints(const Thumbnail& thumbnail);

  /// The square of side `side` whose centre is (shift_x, shift_y) off the thumbnail's, in units of
  /// the thumbnail's side, as cells x cells values. It must lie inside.
  std::vector<float> part(double side, double shift_x, double shift_y, int cells) const;

 private:
  /// Sum of the logarithms above and to the left of every pixel corner.
  std::vector<double> sums_;
};

}  // namespace firstlight
