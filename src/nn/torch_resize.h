#pragma once

#include <array>
#include <cstdint>

#include "firstlight/image/image.h"
#include "firstlight/nn/image_processor.h"

namespace firstlight::nn {

/// Resizes a picture of three channels as torchvision does 8-bit pictures, antialiased: weights are
/// rounded to 16 bits, so that it differs from Pillow's (image/resize.h) by a grey level here and
/// there. An axis that keeps its length is left alone. kNearest is torch's "nearest-exact".
Image torch_resize(const Image& image, int width, int height, ResizeFilter filter);

/// The window of `width` x `height` whose first column and row are `left` and `top`; what lies
/// outside the picture takes `colour`.
Image window(const Image& image, int width, int height, int left, int top,
             const std::array<std::uint8_t, 3>& colour);

}  // namespace firstlight::nn
