#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/image/image.h"

namespace firstlight {

/// Decodes a PNG, JPEG or TIFF file held in memory, recognised by its first bytes. 8-bit pictures
/// become an Image (palette, bilevel and CMYK converted, alpha composited over black), with pixels
/// equal to Pillow's; EXIF orientation is not applied to JPEG, TIFF's own orientation is, as in
/// Pillow. 16-bit, signed and floating-point values, and 8-bit files of two or more bands that are
/// no colour picture, become a Raster, as stored and without gamma; a colour picture's bands then
/// are blue, green, red. TIFF: strips or tiles, interleaved or planar, uncompressed, LZW, deflate
/// or PackBits; the first picture of several. A truncated, corrupt or oversized file is an Error
/// that names `origin` and the cause. Safe from any thread.
Result<Pixels> decode_image(std::string_view bytes, const std::string& origin,
                            const PixelLimits& limits = {});
/// Reads and decodes a file; an unreadable, empty or huge file is an Error.
Result<Pixels> read_image(const std::string& path, const PixelLimits& limits = {});
/// File-name endings that read_image understands, lower case with dot.
const std::vector<std::string>& image_extensions();

/// Throws Error::internal on failure.
std::string encode_png(const Image& image);
std::string encode_jpeg(const Image& image, int quality);

}  // namespace firstlight
