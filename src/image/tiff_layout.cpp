#include "tiff_layout.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "codec_formats.h"

namespace firstlight::tiff {
namespace {

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

void read_alpha(TIFF* tiff, Layout& layout) {
  std::uint16_t count = 0;
  std::uint16_t* kinds = nullptr;
  if (!TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) || count == 0) return;
  if (kinds[0] == EXTRASAMPLE_UNASSALPHA) layout.alpha = Alpha::kStraight;
  if (kinds[0] == EXTRASAMPLE_ASSOCALPHA) layout.alpha = Alpha::kPremultiplied;
  if (layout.alpha != Alpha::kNone) layout.alpha_sample = layout.samples - count;
}

}  // namespace

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

std::size_t Layout::index(std::uint32_t x, std::uint32_t y) const {
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

void fail(const std::string& origin, const std::string& cause) {
  throw Error::input(origin, "TIFF cannot be decoded: " + (cause.empty() ? "damaged file" : cause));
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

}  // namespace firstlight::tiff
