#pragma once

#include <tiffio.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "firstlight/image/codec.h"

/// A TIFF file in memory, and how its samples lie in it.
namespace firstlight::tiff {

/// A file in memory as libtiff sees it, and its first complaint.
struct Source {
  std::string_view bytes;
  std::uint64_t position = 0;
  std::array<char, 256> message = {};
};

struct CloseTiff {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using TiffFile = std::unique_ptr<TIFF, CloseTiff>;

/// Null where the file cannot be opened; `source` must outlive it and has the cause.
TiffFile open_tiff(Source& source, const PixelLimits& limits);

enum class Alpha { kNone, kStraight, kPremultiplied };

struct Layout {
  std::uint32_t width = 0, height = 0;
  std::uint32_t block_width = 0, block_height = 0;  ///< of a tile or a strip
  std::uint16_t samples = 1, bits = 1, format = SAMPLEFORMAT_UINT;
  std::uint16_t photometric = PHOTOMETRIC_MINISBLACK, planar = PLANARCONFIG_CONTIG;
  std::uint16_t compression = COMPRESSION_NONE, orientation = ORIENTATION_TOPLEFT;
  bool tiled = false;
  Alpha alpha = Alpha::kNone;
  int alpha_sample = -1;

  bool transposed() const { return orientation >= ORIENTATION_LEFTTOP; }
  int shown_width() const { return static_cast<int>(transposed() ? height : width); }
  int shown_height() const { return static_cast<int>(transposed() ? width : height); }
  bool bytes() const { return bits <= 8 && format == SAMPLEFORMAT_UINT; }

  /// Where pixel (x, y) of the file is shown (TIFF 6.0, tag Orientation).
  std::size_t index(std::uint32_t x, std::uint32_t y) const;
};

[[noreturn]] void fail(const std::string& origin, const std::string& cause);

/// Throws Error::input for what is not supported, beyond the limits, or impossible in a file of
/// `file_bytes` bytes.
Layout read_layout(TIFF* tiff, const std::string& origin, const PixelLimits& limits,
                   std::size_t file_bytes);

}  // namespace firstlight::tiff
