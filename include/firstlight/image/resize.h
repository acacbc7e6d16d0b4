#pragma once

#include <string_view>

#include "firstlight/image/image.h"

namespace firstlight {

/// Interpolation kernels. The first three equal Pillow's to one grey level; kArea averages covered
/// pixels; kMax and kSum keep sparse pixel maps from being blurred away.
enum class ResizeFilter { kBicubic, kBilinear, kLanczos, kArea, kMax, kSum };
/// "bicubic", "bilinear", ...; throws Error::usage.
ResizeFilter resize_filter(std::string_view name);

/// Resizes to width x height (both > 0), with Pillow's antialiasing when shrinking.
Image resize(const Image& image, int width, int height, ResizeFilter filter);
/// The same for values; NaN pixels are left out of sums where possible, else the result is NaN.
Raster resize(const Raster& raster, int width, int height, ResizeFilter filter);

/// The longer side becomes `side` (> 0), the other one in proportion, at least 1.
Image resize_longer(const Image& image, int side, ResizeFilter filter);

/// The part with corner (x, y); must lie inside.
Image crop(const Image& image, int x, int y, int width, int height);
Raster crop(const Raster& raster, int x, int y, int width, int height);

}  // namespace firstlight
