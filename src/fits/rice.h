#pragma once

#include <cstdint>
#include <string_view>

namespace firstlight::fits {

/// Whether a Rice stream (FITS standard 4.0, section 10.4.1) holds `pixels` values: it is walked
/// through without making them. `pixel_bytes` is 1, 2 or 4, `block` the pixels of a block.
bool is_whole_rice_stream(std::string_view stream, std::uint64_t pixels, int pixel_bytes,
                          int block);

}  // namespace firstlight::fits
