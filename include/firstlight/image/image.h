#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace firstlight {

/// 8-bit picture, rows from the top, channels interleaved (height x width x channels).
struct Image {
  int width = 0;
  int height = 0;
  int channels = 3;  ///< 1 (grey) or 3 (red, green, blue)
  std::vector<std::uint8_t> pixels;

  std::size_t size() const { return pixels.size(); }
  std::uint8_t* at(int x, int y) {
    return pixels.data() + (static_cast<std::size_t>(y) * width + x) * channels;
  }
  const std::uint8_t* at(int x, int y) const {
    return pixels.data() + (static_cast<std::size_t>(y) * width + x) * channels;
  }
};

/// Measured values, one plane a band (bands x height x width), rows from the top as displayed.
/// NaN marks a blank pixel. Units are those of the source. Bands of a colour picture run from short
/// to long wavelengths (g, r, z; blue, green, red).
struct Raster {
  int width = 0;
  int height = 0;
  int bands = 1;
  std::vector<float> values;

  float* plane(int band) { return values.data() + static_cast<std::size_t>(band) * width * height; }
  const float* plane(int band) const {
    return values.data() + static_cast<std::size_t>(band) * width * height;
  }
};

/// What a reader delivers: a picture that somebody has already stretched, or values to be
/// stretched.
using Pixels = std::variant<Image, Raster>;

/// Limits that every decoder and reader enforces before it allocates.
struct PixelLimits {
  std::int64_t max_pixels = 100'000'000;  ///< width x height of one plane
  int max_side = 65'535;
};

}  // namespace firstlight
