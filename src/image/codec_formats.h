#pragma once

#include <string>
#include <string_view>

#include "firstlight/image/codec.h"

/// One decoder a format. Each throws firstlight::Error; no other exception and no jump leaves them.
namespace firstlight::codec {

Pixels decode_png(std::string_view bytes, const std::string& origin, const PixelLimits& limits);
Pixels decode_jpeg(std::string_view bytes, const std::string& origin, const PixelLimits& limits);
Pixels decode_tiff(std::string_view bytes, const std::string& origin, const PixelLimits& limits);

/// Throws where a picture of this size is empty or beyond the limits.
void check_size(std::uint64_t width, std::uint64_t height, const std::string& origin,
                const PixelLimits& limits);

/// Throws Error::internal unless the image has 1 or 3 channels and as many pixels as it says.
void check_encodable(const Image& image, const std::string& format);

/// What a value becomes over black: value * alpha / 255, rounded.
inline std::uint8_t over_black(unsigned value, unsigned alpha) {
  return static_cast<std::uint8_t>((value * alpha + 127) / 255);
}

/// Naive subtractive conversion with Pillow's rounding; c, m, y, k are amounts of ink.
void cmyk_to_rgb(const std::uint8_t* cmyk, std::uint8_t* rgb);

}  // namespace firstlight::codec
