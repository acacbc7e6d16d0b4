#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "codec_formats.h"

namespace firstlight {
namespace {

/// A file in memory as libtiff sees it, and its first complaint.
struct Source {
  std::string_view bytes;
  std::uint64_t position = 0;
  std::array<char, 256> message = {};
};

tmsize_t read_bytes(thandle_t handle, void* target, tmsize_t size) {
  auto* source = static_cast<Source*>(handle);
  if (size <= 0 || source->position >= source->bytes.size()) return 0;
  const auto n = std::min<std::uint64_t>(static_cast<std::uint64_t>(size),
                                         source->bytes.size() - source->position);
  std::memcpy(target, source->bytes.data() + source->position, n);
  source->position += n;
  return static_cast<tmsize_t>(n);
}

tmsize_t write_nothing(thandle_t, void*, tmsize_t) { return 0; }

toff_t seek(thandle_t handle, toff_t offset, int whence) {
  auto* source = static_cast<Source*>(handle);
  if (whence == SEEK_CUR) offset += source->position;
  if (whence == SEEK_END) offset += source->bytes.size();
  source->position = offset;
  return offset;
}

int close_nothing(thandle_t) { return 0; }

toff_t file_size(thandle_t handle) { return static_cast<Source*>(handle)->bytes.size(); }

int on_error(TIFF*, void* user, const char*, const char* format, va_list arguments) {
  auto* source = static_cast<Source*>(user);
  if (source->message[0] == '\0') {
    std::vsnprintf(source->message.data(), source->message.size(), format, arguments);
  }
  return 1;
}

int on_warning(TIFF*, void*, const char*, const char*, va_list) { return 1; }

struct CloseTiff {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using TiffFile = std::unique_ptr<TIFF, CloseTiff>;

TiffFile open_tiff(Source& source, const PixelLimits& limits) {
  TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
  if (options == nullptr) return nullptr;
  TIFFOpenOptionsSetMaxSingleMemAlloc(
      options, static_cast<tmsize_t>(limits.max_pixels) * 16 + (tmsize_t{64} << 20));
  TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, &source);
  TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, &source);
  // 'm': no mapping, every read passes the bounds above.
  TIFF* tiff = TIFFClientOpenExt("memory", "rm", &source, read_bytes, write_nothing, seek,
                                 close_nothing, file_size, nullptr, nullptr, options);
  TIFFOpenOptionsFree(options);
  return TiffFile(tiff);
}

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
  std::size_t index(std::uint32_t x, std::uint32_t y) const {
    const std::size_t right = width - 1 - x, bottom = height - 1 - y;
    switch (orientation) {
      case ORIENTATION_TOPRIGHT:
        return std::size_t{y} * width + right;
      case ORIENTATION_BOTRIGHT:
        return bottom * width + right;
      case ORIENTATION_BOTLEFT:
        return bottom * width + x;
      case ORIENTATION_LEFTTOP:
        return std::size_t{x} * height + y;
      case ORIENTATION_RIGHTTOP:
        return std::size_t{x} * height + bottom;
      case ORIENTATION_RIGHTBOT:
        return right * height + bottom;
      case ORIENTATION_LEFTBOT:
        return right * height + y;
      default:
        return std::size_t{y} * width + x;
    }
  }
};

[[noreturn]] void fail(const std::string& origin, const std::string& cause) {
  throw Error::input(origin, "TIFF cannot be decoded: " + (cause.empty() ? "damaged file" : cause));
}

void read_alpha(TIFF* tiff, Layout& layout) {
  std::uint16_t count = 0;
  std::uint16_t* kinds = nullptr;
  if (!TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) || count == 0) return;
  if (kinds[0] == EXTRASAMPLE_UNASSALPHA) layout.alpha = Alpha::kStraight;
  if (kinds[0] == EXTRASAMPLE_ASSOCALPHA) layout.alpha = Alpha::kPremultiplied;
  if (layout.alpha != Alpha::kNone) layout.alpha_sample = layout.samples - count;
}

Layout read_layout(TIFF* tiff, const std::string& origin, const PixelLimits& limits,
                   std::size_t file_bytes) {
  Layout layout;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout.width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout.height);
  codec::check_size(layout.width, layout.height, origin, limits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout.samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout.bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &layout.format);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &layout.planar);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &layout.compression);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &layout.orientation);
  TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout.photometric);
  if (layout.format == SAMPLEFORMAT_VOID) layout.format = SAMPLEFORMAT_UINT;
  read_alpha(tiff, layout);
  switch (layout.compression) {
    case COMPRESSION_NONE:
    case COMPRESSION_LZW:
    case COMPRESSION_PACKBITS:
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_DEFLATE:
      break;
    default:
      fail(origin, "compression " + std::to_string(layout.compression) +
                       " is not supported (none, LZW, deflate and PackBits are)");
  }
  const bool whole = layout.format == SAMPLEFORMAT_UINT || layout.format == SAMPLEFORMAT_INT;
  const bool floating = layout.format == SAMPLEFORMAT_IEEEFP;
  const int bits = layout.bits;
  const bool known =
      (layout.format == SAMPLEFORMAT_UINT && (bits == 1 || bits == 2 || bits == 4)) ||
      (whole && (bits == 8 || bits == 16 || bits == 32 || bits == 64)) ||
      (floating && (bits == 16 || bits == 32 || bits == 64));
  if (!known || layout.samples == 0) {
    fail(origin, std::to_string(layout.samples) + " samples of " + std::to_string(bits) +
                     " bits in format " + std::to_string(layout.format) + " are not supported");
  }
  layout.tiled = TIFFIsTiled(tiff) != 0;
  if (layout.tiled) {
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &layout.block_width);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &layout.block_height);
    codec::check_size(layout.block_width, layout.block_height, origin + " (tile)", limits);
  } else {
    layout.block_width = layout.width;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &layout.block_height);
    layout.block_height = std::min(layout.block_height, layout.height);
    if (layout.block_height == 0) fail(origin, "strips without rows");
  }
  const std::uint64_t values = std::uint64_t{layout.width} * layout.height * layout.samples;
  if (values > static_cast<std::uint64_t>(limits.max_pixels) * 4) {
    throw Error::input(origin, "the image is too large: " + std::to_string(layout.samples) +
                                   " samples a pixel, " + std::to_string(values) +
                                   " values in all");
  }
  // LZW, the most that these compressions can do, makes 4096 bytes of 12 bits.
  if (values * layout.bits / 8 / 2731 > file_bytes) {
    fail(origin, "the file is too short for its " + std::to_string(layout.width) + " x " +
                     std::to_string(layout.height) + " pixels");
  }
  return layout;
}

/// IEEE 754 binary16.
float from_half(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const float mantissa = static_cast<float>(bits & 1023);
  float value = 0.0f;
  if (exponent == 31) {
    value = (bits & 1023) != 0 ? NAN : INFINITY;
  } else if (exponent == 0) {
    value = std::ldexp(mantissa, -24);
  } else {
    value = std::ldexp(mantissa + 1024.0f, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

template <typename Stored>
float load(const std::uint8_t* row, std::size_t i) {
  Stored value;
  std::memcpy(&value, row + i * sizeof(Stored), sizeof(Stored));
  return static_cast<float>(value);
}

float load_half(const std::uint8_t* row, std::size_t i) {
  std::uint16_t bits;
  std::memcpy(&bits, row + i * 2, 2);
  return from_half(bits);
}

std::uint8_t load_bits(const std::uint8_t* row, std::size_t i, int bits) {
  const std::size_t bit = i * static_cast<std::size_t>(bits);
  return static_cast<std::uint8_t>((row[bit / 8] >> (8 - bits - bit % 8)) & ((1 << bits) - 1));
}

using Load = float (*)(const std::uint8_t*, std::size_t);

Load loader(const Layout& layout) {
  switch (layout.format * 100 + layout.bits) {
    case SAMPLEFORMAT_INT * 100 + 8:
      return load<std::int8_t>;
    case SAMPLEFORMAT_UINT * 100 + 16:
      return load<std::uint16_t>;
    case SAMPLEFORMAT_INT * 100 + 16:
      return load<std::int16_t>;
    case SAMPLEFORMAT_UINT * 100 + 32:
      return load<std::uint32_t>;
    case SAMPLEFORMAT_INT * 100 + 32:
      return load<std::int32_t>;
    case SAMPLEFORMAT_UINT * 100 + 64:
      return load<std::uint64_t>;
    case SAMPLEFORMAT_INT * 100 + 64:
      return load<std::int64_t>;
    case SAMPLEFORMAT_IEEEFP * 100 + 16:
      return load_half;
    case SAMPLEFORMAT_IEEEFP * 100 + 32:
      return load<float>;
    default:
      return load<double>;
  }
}

void read_block(TIFF* tiff, const Layout& layout, std::uint32_t x, std::uint32_t y,
                std::uint16_t sample, std::vector<std::uint8_t>& buffer, const Source& source,
                const std::string& origin) {
  const auto size = static_cast<tmsize_t>(buffer.size());
  tmsize_t got = 0, wanted = size;
  if (layout.tiled) {
    got = TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, x, y, 0, sample), buffer.data(), size);
  } else {
    const std::uint32_t rows = std::min(layout.block_height, layout.height - y);
    wanted = TIFFVStripSize(tiff, rows);
    got = TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, y, sample), buffer.data(), size);
  }
  if (got < wanted) fail(origin, source.message.data());
}

/// All samples as planes, in the shown orientation. `convert(row, i)` is value i of a packed row.
template <typename T, typename Convert>
std::vector<T> read_planes(TIFF* tiff, const Layout& layout, const Source& source,
                           const std::string& origin, const Convert& convert) {
  const bool separate = layout.planar == PLANARCONFIG_SEPARATE;
  const std::uint16_t together = separate ? 1 : layout.samples;
  const std::size_t plane = std::size_t{layout.width} * layout.height;
  const tmsize_t block_bytes = layout.tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff);
  const tmsize_t row_bytes = layout.tiled ? TIFFTileRowSize(tiff) : TIFFScanlineSize(tiff);
  const std::uint64_t least_row =
      (std::uint64_t{layout.block_width} * together * layout.bits + 7) / 8;
  if (block_bytes <= 0 || row_bytes <= 0 || static_cast<std::uint64_t>(row_bytes) < least_row ||
      static_cast<std::uint64_t>(block_bytes) < least_row * layout.block_height) {
    fail(origin, source.message.data());
  }
  std::vector<T> planes(plane * layout.samples);
  std::vector<std::uint8_t> buffer(static_cast<std::size_t>(block_bytes));
  for (std::uint16_t s = 0; s < layout.samples; s += together) {
    for (std::uint32_t y = 0; y < layout.height; y += layout.block_height) {
      for (std::uint32_t x = 0; x < layout.width; x += layout.block_width) {
        read_block(tiff, layout, x, y, s, buffer, source, origin);
        const std::uint32_t rows = std::min(layout.block_height, layout.height - y);
        const std::uint32_t columns = std::min(layout.block_width, layout.width - x);
        for (std::uint32_t row = 0; row < rows; ++row) {
          const std::uint8_t* packed = buffer.data() + row * static_cast<std::size_t>(row_bytes);
          for (std::uint32_t column = 0; column < columns; ++column) {
            const std::size_t target = layout.index(x + column, y + row);
            for (std::uint16_t k = 0; k < together; ++k) {
              planes[(s + k) * plane + target] =
                  convert(packed, std::size_t{column} * together + k);
            }
          }
        }
      }
    }
  }
  return planes;
}

Raster to_raster(std::vector<float> planes, const Layout& layout) {
  const int width = layout.shown_width(), height = layout.shown_height();
  const std::size_t n = std::size_t{layout.width} * layout.height;
  const bool colour = layout.photometric == PHOTOMETRIC_RGB && layout.samples >= 3;
  if (layout.alpha == Alpha::kStraight) {
    double full = 1.0;
    if (layout.format == SAMPLEFORMAT_UINT) full = std::ldexp(1.0, layout.bits) - 1.0;
    if (layout.format == SAMPLEFORMAT_INT) full = std::ldexp(1.0, layout.bits - 1) - 1.0;
    const float* alpha = planes.data() + static_cast<std::size_t>(layout.alpha_sample) * n;
    for (std::size_t i = 0; i < n * layout.alpha_sample; ++i) {
      planes[i] *= static_cast<float>(alpha[i % n] / full);
    }
  }
  if (colour) {
    // Bands run from short to long wavelengths: blue, green, red.
    std::swap_ranges(planes.begin(), planes.begin() + static_cast<std::ptrdiff_t>(n),
                     planes.begin() + static_cast<std::ptrdiff_t>(2 * n));
  }
  int bands = layout.samples;
  if (colour) {
    bands = 3;
  } else if (layout.alpha != Alpha::kNone) {
    bands = layout.alpha_sample;
  }
  planes.resize(n * static_cast<std::size_t>(bands));
  return Raster{width, height, bands, std::move(planes)};
}

Image to_grey(const std::vector<std::uint8_t>& planes, const Layout& layout) {
  Image image{layout.shown_width(), layout.shown_height(), 1, {}};
  const std::size_t n = std::size_t{layout.width} * layout.height;
  image.pixels.assign(planes.begin(), planes.begin() + static_cast<std::ptrdiff_t>(n));
  const int top = (1 << layout.bits) - 1;
  for (std::uint8_t& v : image.pixels) {
    if (layout.photometric == PHOTOMETRIC_MINISWHITE) v = static_cast<std::uint8_t>(top - v);
    v = static_cast<std::uint8_t>(v * (255 / top));
  }
  if (layout.alpha == Alpha::kStraight) {
    for (std::size_t i = 0; i < n; ++i) {
      image.pixels[i] = codec::over_black(image.pixels[i], planes[n + i]);
    }
  }
  return image;
}

Image to_colour(const std::vector<std::uint8_t>& planes, const Layout& layout) {
  Image image{layout.shown_width(), layout.shown_height(), 3, {}};
  const std::size_t n = std::size_t{layout.width} * layout.height;
  image.pixels.resize(n * 3);
  for (std::size_t i = 0; i < n; ++i) {
    std::uint8_t* pixel = image.pixels.data() + i * 3;
    if (layout.photometric == PHOTOMETRIC_SEPARATED) {
      const std::uint8_t ink[4] = {planes[i], planes[n + i], planes[2 * n + i], planes[3 * n + i]};
      codec::cmyk_to_rgb(ink, pixel);
      continue;
    }
    for (std::size_t c = 0; c < 3; ++c) {
      pixel[c] = planes[c * n + i];
      if (layout.alpha == Alpha::kStraight) {
        pixel[c] = codec::over_black(pixel[c],
                                     planes[static_cast<std::size_t>(layout.alpha_sample) * n + i]);
      }
    }
  }
  return image;
}

Image to_palette(TIFF* tiff, const std::vector<std::uint8_t>& planes, const Layout& layout,
                 const std::string& origin) {
  std::uint16_t* map[3] = {};
  if (!TIFFGetField(tiff, TIFFTAG_COLORMAP, &map[0], &map[1], &map[2])) {
    fail(origin, "the palette is missing");
  }
  Image image{layout.shown_width(), layout.shown_height(), 3, {}};
  const std::size_t n = std::size_t{layout.width} * layout.height;
  image.pixels.resize(n * 3);
  for (std::size_t i = 0; i < n; ++i) {
    for (int c = 0; c < 3; ++c) {
      image.pixels[i * 3 + c] = static_cast<std::uint8_t>(map[c][planes[i]] >> 8);
    }
  }
  return image;
}

}  // namespace

namespace codec {

Pixels decode_tiff(std::string_view bytes, const std::string& origin, const PixelLimits& limits) {
  Source source{bytes};
  const TiffFile tiff = open_tiff(source, limits);
  if (!tiff) fail(origin, source.message.data());
  const Layout layout = read_layout(tiff.get(), origin, limits, bytes.size());
  const bool grey =
      layout.photometric == PHOTOMETRIC_MINISBLACK || layout.photometric == PHOTOMETRIC_MINISWHITE;
  const bool colour = layout.photometric == PHOTOMETRIC_RGB && layout.samples >= 3;
  const bool palette = layout.photometric == PHOTOMETRIC_PALETTE && layout.samples == 1;
  const bool cmyk = layout.photometric == PHOTOMETRIC_SEPARATED && layout.samples == 4;
  const bool whole_bytes = layout.bits == 8;
  const bool picture =
      layout.bytes() &&
      (palette || (cmyk && whole_bytes) || (colour && whole_bytes) ||
       (grey && (layout.samples == 1 || (layout.alpha_sample == 1 && whole_bytes))));
  if (picture) {
    const auto planes =
        read_planes<std::uint8_t>(tiff.get(), layout, source, origin,
                                  [bits = layout.bits](const std::uint8_t* row, std::size_t i) {
                                    return bits == 8 ? row[i] : load_bits(row, i, bits);
                                  });
    if (palette) return to_palette(tiff.get(), planes, layout, origin);
    return grey ? to_grey(planes, layout) : to_colour(planes, layout);
  }
  if (!grey && !colour) {
    fail(origin, "colour space " + std::to_string(layout.photometric) + " with " +
                     std::to_string(layout.samples) + " samples of " + std::to_string(layout.bits) +
                     " bits is not supported");
  }
  if (layout.bytes()) {
    return to_raster(read_planes<float>(
                         tiff.get(), layout, source, origin,
                         [bits = layout.bits](const std::uint8_t* row, std::size_t i) {
                           return static_cast<float>(bits == 8 ? row[i] : load_bits(row, i, bits));
                         }),
                     layout);
  }
  return to_raster(read_planes<float>(tiff.get(), layout, source, origin, loader(layout)), layout);
}

}  // namespace codec
}  // namespace firstlight
