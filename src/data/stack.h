#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "firstlight/image/image.h"

namespace firstlight {

/// How the samples of a stacked array lie: (N, H, W), (N, H, W, C) or (N, C, H, W). Bytes with one
/// or three channels are pictures; everything else is values, bands in the order of the array.
struct StackLayout {
  std::uint64_t count = 0;
  int height = 0;
  int width = 0;
  int channels = 1;
  bool channels_last = true;
  bool is_picture = false;

  std::size_t values_per_sample() const {
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
           static_cast<std::size_t>(channels);
  }
};

/// Recognises the layout. Of a four-dimensional array the shorter of the second and the last axis
/// is the channels (the last where they are equal), at most 16. Throws Error::input with the shape
/// for any other array and for one over `limits`.
StackLayout stack_layout(const std::vector<std::uint64_t>& shape, bool is_uint8,
                         const std::string& origin, const PixelLimits& limits = {});

/// One sample from its values in file order.
Pixels to_picture(const StackLayout& layout, std::vector<std::uint8_t> values);
Pixels to_raster(const StackLayout& layout, std::vector<float> values);

/// "(3, 64, 64)"
std::string shape_text(const std::vector<std::uint64_t>& shape);

}  // namespace firstlight
