#include <png.h>

#include <array>
#include <csetjmp>
#include <cstring>

#include "codec_formats.h"

// libpng reports errors by longjmp. Every call that may jump stands in a small function that holds
// no object with a destructor; the state that must survive lives in PngState outside of it.
namespace firstlight {
namespace {

struct PngState {
  std::string_view input;
  std::size_t position = 0;
  std::string* output = nullptr;
  std::array<char, 256> message = {};
};

void on_error(png_structp png, png_const_charp message) {
  auto* state = static_cast<PngState*>(png_get_error_ptr(png));
  std::strncpy(state->message.data(), message, state->message.size() - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep target, std::size_t size) {
  auto* state = static_cast<PngState*>(png_get_io_ptr(png));
  if (size > state->input.size() - state->position) png_error(png, "the file is truncated");
  std::memcpy(target, state->input.data() + state->position, size);
  state->position += size;
}

struct Reader {
  PngState state;
  png_structp png = nullptr;
  png_infop info = nullptr;

  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
};

bool read_header(Reader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_set_read_fn(reader.png, &reader.state, read_bytes);
  // Sizes are checked by check_size, with both figures in the message; these bound the rest.
  png_set_user_limits(reader.png, 0x7fffffff, 0x7fffffff);
  png_set_chunk_malloc_max(reader.png, 8u << 20);
  // Text, profiles and the like are skipped unread: they change no pixel.
  static const char skipped[] = "tEXt\0zTXt\0iTXt\0iCCP\0eXIf\0sPLT\0hIST\0tIME";
  png_set_keep_unknown_chunks(reader.png, PNG_HANDLE_CHUNK_NEVER,
                              reinterpret_cast<png_const_bytep>(skipped), 8);
  png_read_info(reader.png, reader.info);
  return true;
}

/// Grey, grey-alpha, RGB or RGBA rows of 8 or 16 bits.
bool set_transforms(Reader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_set_expand(reader.png);  // palette to RGB, 1 to 4 bits to 8, tRNS to alpha
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  return true;
}

bool read_rows(Reader& reader, png_bytep* rows) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_read_image(reader.png, rows);
  png_read_end(reader.png, nullptr);
  return true;
}

Image compose8(const std::vector<png_byte>& data, int width, int height, int samples) {
  const bool alpha = samples == 2 || samples == 4;
  Image image{width, height, samples <= 2 ? 1 : 3, {}};
  if (!alpha) {
    image.pixels.assign(data.begin(), data.end());
    return image;
  }
  const std::size_t n = static_cast<std::size_t>(width) * height;
  image.pixels.resize(n * image.channels);
  for (std::size_t i = 0; i < n; ++i) {
    const png_byte* pixel = data.data() + i * samples;
    for (int c = 0; c < image.channels; ++c) {
      image.pixels[i * image.channels + c] = codec::over_black(pixel[c], pixel[image.channels]);
    }
  }
  return image;
}

Raster compose16(const std::vector<png_byte>& data, int width, int height, int samples) {
  const bool alpha = samples == 2 || samples == 4;
  const int bands = samples <= 2 ? 1 : 3;
  Raster raster{width, height, bands, {}};
  const std::size_t n = static_cast<std::size_t>(width) * height;
  raster.values.resize(n * bands);
  const auto value = [](const png_byte* p) { return static_cast<float>(p[0] * 256 + p[1]); };
  for (std::size_t i = 0; i < n; ++i) {
    const png_byte* pixel = data.data() + i * samples * 2;
    const float opacity = alpha ? value(pixel + 2 * bands) / 65535.0f : 1.0f;
    for (int c = 0; c < bands; ++c) {
      // Bands run from short to long wavelengths: blue, green, red.
      raster.plane(bands - 1 - c)[i] = value(pixel + 2 * c) * opacity;
    }
  }
  return raster;
}

[[noreturn]] void fail(const std::string& origin, const PngState& state) {
  throw Error::input(origin, std::string("PNG cannot be decoded: ") + state.message.data());
}

}  // namespace

namespace codec {

Pixels decode_png(std::string_view bytes, const std::string& origin, const PixelLimits& limits) {
  Reader reader;
  reader.state.input = bytes;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader.state, on_error, on_warning);
  if (reader.png != nullptr) reader.info = png_create_info_struct(reader.png);
  if (reader.info == nullptr) throw Error::internal(origin, "libpng cannot be set up");
  if (!read_header(reader)) fail(origin, reader.state);
  const auto width = png_get_image_width(reader.png, reader.info);
  const auto height = png_get_image_height(reader.png, reader.info);
  check_size(width, height, origin, limits);
  // Deflate expands at most 1032-fold, so a shorter file cannot hold the picture.
  const std::uint64_t packed = png_get_rowbytes(reader.png, reader.info) * std::uint64_t{height};
  if (packed / 1032 > bytes.size()) {
    throw Error::input(origin, "PNG cannot be decoded: the file is too short for its " +
                                   std::to_string(width) + " x " + std::to_string(height) +
                                   " pixels");
  }
  if (!set_transforms(reader)) fail(origin, reader.state);
  const std::size_t row_bytes = png_get_rowbytes(reader.png, reader.info);
  const int samples = png_get_channels(reader.png, reader.info);
  const bool deep = png_get_bit_depth(reader.png, reader.info) == 16;
  std::vector<png_byte> data(row_bytes * height);
  std::vector<png_bytep> rows(height);
  for (std::size_t y = 0; y < height; ++y) rows[y] = data.data() + y * row_bytes;
  if (!read_rows(reader, rows.data())) fail(origin, reader.state);
  const int w = static_cast<int>(width), h = static_cast<int>(height);
  if (deep) return compose16(data, w, h, samples);
  return compose8(data, w, h, samples);
}

}  // namespace codec

namespace {

struct Writer {
  PngState state;
  png_structp png = nullptr;
  png_infop info = nullptr;

  ~Writer() { png_destroy_write_struct(&png, &info); }
};

void write_bytes(png_structp png, png_bytep source, std::size_t size) {
  auto* state = static_cast<PngState*>(png_get_io_ptr(png));
  bool stored = true;
  try {
    state->output->append(reinterpret_cast<const char*>(source), size);
  } catch (...) {
    stored = false;  // the jump must not start inside the handler
  }
  if (!stored) png_error(png, "not enough memory");
}

bool write_all(Writer& writer, const Image& image) {
  if (setjmp(png_jmpbuf(writer.png))) return false;
  png_set_write_fn(writer.png, &writer.state, write_bytes, nullptr);
  png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(image.width),
               static_cast<png_uint_32>(image.height), 8,
               image.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writer.png, writer.info);
  for (int y = 0; y < image.height; ++y) png_write_row(writer.png, image.at(0, y));
  png_write_end(writer.png, nullptr);
  return true;
}

}  // namespace

std::string encode_png(const Image& image) {
  codec::check_encodable(image, "PNG");
  std::string output;
  Writer writer;
  writer.state.output = &output;
  writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer.state, on_error, on_warning);
  if (writer.png != nullptr) writer.info = png_create_info_struct(writer.png);
  if (writer.info == nullptr) throw Error::internal("PNG encoder", "libpng cannot be set up");
  if (!write_all(writer, image)) {
    throw Error::internal("PNG encoder", writer.state.message.data());
  }
  return output;
}

}  // namespace firstlight
