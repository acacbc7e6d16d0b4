#pragma once

#include "firstlight/image/image.h"

namespace firstlight {

/// The symmetries of a square, the picture as it is among them.
inline constexpr int kOrientations = 8;

/// The picture in another orientation, every pixel kept: mirrored left to right where `orientation`
/// is 4 or more, then turned counter-clockwise by `orientation` mod 4 quarter turns. 0 is the
/// picture itself. Throws Error::usage unless 0 <= orientation < kOrientations.
Image oriented(const Image& image, int orientation);

}  // namespace firstlight
