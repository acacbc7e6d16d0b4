#include "firstlight/image/orientation.h"

#include <algorithm>
#include <string>

#include "firstlight/base/error.h"

namespace firstlight {
namespace {

Image mirrored(const Image& image) {
  Image result = image;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      std::copy_n(image.at(image.width - 1 - x, y), image.channels, result.at(x, y));
    }
  }
  return result;
}

/// Turned counter-clockwise: the right edge becomes the top.
Image quarter_turned(const Image& image) {
  Image result{image.height, image.width, image.channels, {}};
  result.pixels.resize(image.size());
  for (int y = 0; y < result.height; ++y) {
    for (int x = 0; x < result.width; ++x) {
      std::copy_n(image.at(image.width - 1 - y, x), image.channels, result.at(x, y));
    }
  }
  return result;
}

}  // namespace

Image oriented(const Image& image, int orientation) {
  if (orientation < 0 || orientation >= kOrientations) {
    throw Error::usage("orientation " + std::to_string(orientation),
                       "is not 0 to " + std::to_string(kOrientations - 1));
  }
  Image result = orientation >= 4 ? mirrored(image) : image;
  for (int turn = 0; turn < orientation % 4; ++turn) result = quarter_turned(result);
  return result;
}

}  // namespace firstlight
