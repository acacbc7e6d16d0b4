#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "codec_formats.h"
#include "firstlight/base/half.h"
#include "tiff_layout.h"

namespace firstlight {
namespace {

using tiff::Alpha;
using tiff::fail;
using tiff::Layout;
using tiff::Source;

template <typename Stored>
float load(const std::uint8_t* row, std::size_t i) {
  Stored value;
  std::memcpy(&value, row + i * sizeof(Stored), sizeof(Stored));
  return static_cast<float>(value);
}

float load_half(const std::uint8_t* row, std::size_t i) {
  std::uint16_t bits;
  std::memcpy(&bits, row + i * 2, 2);
  return half_to_float(bits);
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
  const tiff::TiffFile file = tiff::open_tiff(source, limits);
  if (!file) fail(origin, source.message.data());
  const Layout layout = tiff::read_layout(file.get(), origin, limits, bytes.size());
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
        read_planes<std::uint8_t>(file.get(), layout, source, origin,
                                  [bits = layout.bits](const std::uint8_t* row, std::size_t i) {
                                    return bits == 8 ? row[i] : load_bits(row, i, bits);
                                  });
    if (palette) return to_palette(file.get(), planes, layout, origin);
    return grey ? to_grey(planes, layout) : to_colour(planes, layout);
  }
  if (!grey && !colour) {
    fail(origin, "colour space " + std::to_string(layout.photometric) + " with " +
                     std::to_string(layout.samples) + " samples of " + std::to_string(layout.bits) +
                     " bits is not supported");
  }
  if (layout.bytes()) {
    return to_raster(read_planes<float>(
                         file.get(), layout, source, origin,
                         [bits = layout.bits](const std::uint8_t* row, std::size_t i) {
                           return static_cast<float>(bits == 8 ? row[i] : load_bits(row, i, bits));
                         }),
                     layout);
  }
  return to_raster(read_planes<float>(file.get(), layout, source, origin, loader(layout)), layout);
}

}  // namespace codec
}  // namespace firstlight
