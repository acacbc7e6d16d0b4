#include "firstlight/image/codec.h"

#include <exception>
#include <filesystem>
#include <fstream>
#include <new>
#include <system_error>

#include "codec_formats.h"

namespace firstlight {
namespace codec {

void check_size(std::uint64_t width, std::uint64_t height, const std::string& origin,
                const PixelLimits& limits) {
  const std::string size = std::to_string(width) + " x " + std::to_string(height) + " pixels";
  if (width == 0 || height == 0) throw Error::input(origin, "the image is empty (" + size + ")");
  const auto max_side = static_cast<std::uint64_t>(limits.max_side);
  if (width > max_side || height > max_side) {
    throw Error::input(origin, "the image is too large: " + size + ", the limit is " +
                                   std::to_string(limits.max_side) + " a side");
  }
  if (width * height > static_cast<std::uint64_t>(limits.max_pixels)) {
    throw Error::input(origin, "the image is too large: " + size + ", the limit is " +
                                   std::to_string(limits.max_pixels) + " in all");
  }
}

void check_encodable(const Image& image, const std::string& format) {
  if (image.width <= 0 || image.height <= 0 || (image.channels != 1 && image.channels != 3) ||
      image.pixels.size() !=
          static_cast<std::size_t>(image.width) * image.height * image.channels) {
    throw Error::internal(format + " encoder", "the image's size and its pixels do not agree");
  }
}

void cmyk_to_rgb(const std::uint8_t* cmyk, std::uint8_t* rgb) {
  const int white = 255 - cmyk[3];
  for (int i = 0; i < 3; ++i) {
    const int product = cmyk[i] * white + 128;
    rgb[i] = static_cast<std::uint8_t>(white - ((product + (product >> 8)) >> 8));
  }
}

}  // namespace codec

Result<Pixels> decode_image(std::string_view bytes, const std::string& origin,
                            const PixelLimits& limits) {
  using namespace std::string_view_literals;
  try {
    if (bytes.empty()) return Error::input(origin, "the file is empty");
    if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return codec::decode_png(bytes, origin, limits);
    if (bytes.starts_with("\xff\xd8\xff"sv)) return codec::decode_jpeg(bytes, origin, limits);
    if (bytes.starts_with("II*\0"sv) || bytes.starts_with("MM\0*"sv) ||
        bytes.starts_with("II+\0"sv) || bytes.starts_with("MM\0+"sv)) {
      return codec::decode_tiff(bytes, origin, limits);
    }
    return Error::input(origin, "not a PNG, JPEG or TIFF image");
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error::input(origin, "not enough memory to decode the image");
  }
}

Result<Pixels> read_image(const std::string& path, const PixelLimits& limits) {
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  if (!std::filesystem::exists(status)) return Error::input(path, "no such file");
  if (!std::filesystem::is_regular_file(status)) return Error::input(path, "not a regular file");
  const std::uintmax_t size = std::filesystem::file_size(path, failure);
  if (failure) return Error::input(path, "cannot be read: " + failure.message());
  if (size == 0) return Error::input(path, "the file is empty");
  // Four channels of 32-bit values and some room for what else a file holds.
  const auto limit = static_cast<std::uintmax_t>(limits.max_pixels) * 16 + (64u << 20);
  if (size > limit) {
    return Error::input(path, "the file is too large: " + std::to_string(size) +
                                  " bytes, the limit is " + std::to_string(limit));
  }
  std::string bytes;
  try {
    bytes.resize(size);
  } catch (const std::exception&) {
    return Error::input(path, "not enough memory to read the file");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error::input(path, "cannot be opened for reading");
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  if (static_cast<std::uintmax_t>(file.gcount()) != size) {
    return Error::input(path, "cannot be read to its end");
  }
  return decode_image(bytes, path, limits);
}

const std::vector<std::string>& image_extensions() {
  static const std::vector<std::string> extensions = {".png", ".jpg", ".jpeg", ".tif", ".tiff"};
  return extensions;
}

}  // namespace firstlight
