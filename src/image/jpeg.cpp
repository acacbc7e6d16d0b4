// jpeglib.h needs FILE and size_t declared before it.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <array>
#include <csetjmp>
#include <cstdlib>

#include "codec_formats.h"

// libjpeg reports errors by longjmp; see png.cpp for how that is kept away from C++ objects.
namespace firstlight {
namespace {

/// More scans than any encoder writes: a few bytes a scan would otherwise cost a pass over the
/// whole picture each.
constexpr int kMaxScans = 200;

struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  std::array<char, JMSG_LENGTH_MAX> message;
};

void on_error(j_common_ptr info) {
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  info->err->format_message(info, manager->message.data());
  std::longjmp(manager->jump, 1);
}

/// Damaged data is only a warning to libjpeg, which then fills in grey. Here it is an error, apart
/// from the oddities that lose no pixel.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_BOGUS_PROGRESSION:
      return;
    default:
      on_error(info);
  }
}

void drop_message(j_common_ptr) {}

void prepare_errors(ErrorManager& manager) {
  jpeg_std_error(&manager.base);
  manager.base.error_exit = on_error;
  manager.base.emit_message = on_message;
  manager.base.output_message = drop_message;
  manager.message[0] = '\0';
}

void limit_scans(j_common_ptr info) {
  const auto* decoder = reinterpret_cast<j_decompress_ptr>(info);
  if (decoder->input_scan_number > kMaxScans) {
    ERREXIT(info, JERR_BAD_PROGRESSION);
  }
}

struct Reader {
  jpeg_decompress_struct info = {};
  ErrorManager errors;
  jpeg_progress_mgr progress = {};
  bool created = false;

  ~Reader() {
    if (created) jpeg_destroy_decompress(&info);
  }
};

bool read_header(Reader& reader, std::string_view bytes) {
  prepare_errors(reader.errors);
  reader.info.err = &reader.errors.base;
  if (setjmp(reader.errors.jump)) return false;
  jpeg_create_decompress(&reader.info);
  reader.created = true;
  reader.progress.progress_monitor = limit_scans;
  reader.info.progress = &reader.progress;
  jpeg_mem_src(&reader.info, reinterpret_cast<const unsigned char*>(bytes.data()),
               static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&reader.info, TRUE);
  switch (reader.info.jpeg_color_space) {
    case JCS_GRAYSCALE:
      reader.info.out_color_space = JCS_GRAYSCALE;
      break;
    case JCS_CMYK:
    case JCS_YCCK:
      reader.info.out_color_space = JCS_CMYK;
      break;
    default:
      reader.info.out_color_space = JCS_RGB;
  }
  return true;
}

bool start(Reader& reader) {
  if (setjmp(reader.errors.jump)) return false;
  jpeg_start_decompress(&reader.info);
  return true;
}

bool read_rows(Reader& reader, JSAMPLE* target, std::size_t row_bytes) {
  if (setjmp(reader.errors.jump)) return false;
  while (reader.info.output_scanline < reader.info.output_height) {
    JSAMPROW row = target + reader.info.output_scanline * row_bytes;
    jpeg_read_scanlines(&reader.info, &row, 1);
  }
  jpeg_finish_decompress(&reader.info);
  return true;
}

[[noreturn]] void fail(const std::string& origin, const Reader& reader) {
  throw Error::input(origin,
                     std::string("JPEG cannot be decoded: ") + reader.errors.message.data());
}

}  // namespace

namespace codec {

Pixels decode_jpeg(std::string_view bytes, const std::string& origin, const PixelLimits& limits) {
  Reader reader;
  if (!read_header(reader, bytes)) fail(origin, reader);
  const std::uint64_t width = reader.info.image_width, height = reader.info.image_height;
  check_size(width, height, origin, limits);
  // A block of 8 x 8 pixels takes one bit at least (Huffman code of its DC coefficient).
  if (!reader.info.arith_code && width * height / 512 > bytes.size()) {
    throw Error::input(origin, "JPEG cannot be decoded: the file is too short for its " +
                                   std::to_string(width) + " x " + std::to_string(height) +
                                   " pixels");
  }
  if (!start(reader)) fail(origin, reader);
  const int samples = reader.info.output_components;
  const std::size_t row_bytes = static_cast<std::size_t>(width) * samples;
  std::vector<std::uint8_t> data(row_bytes * height);
  if (!read_rows(reader, data.data(), row_bytes)) fail(origin, reader);
  Image image{static_cast<int>(width), static_cast<int>(height), samples == 1 ? 1 : 3, {}};
  if (samples != 4) {
    image.pixels = std::move(data);
    return image;
  }
  const std::size_t n = static_cast<std::size_t>(width * height);
  image.pixels.resize(n * 3);
  for (std::size_t i = 0; i < n; ++i) {
    // Adobe's convention, as in Pillow: stored values are 255 minus the amount of ink.
    std::uint8_t ink[4];
    for (int c = 0; c < 4; ++c) ink[c] = static_cast<std::uint8_t>(255 - data[i * 4 + c]);
    cmyk_to_rgb(ink, image.pixels.data() + i * 3);
  }
  return image;
}

}  // namespace codec

namespace {

struct Writer {
  jpeg_compress_struct info = {};
  ErrorManager errors;
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  bool created = false;

  ~Writer() {
    if (created) jpeg_destroy_compress(&info);
    std::free(buffer);
  }
};

bool write_all(Writer& writer, const Image& image, int quality) {
  prepare_errors(writer.errors);
  writer.info.err = &writer.errors.base;
  if (setjmp(writer.errors.jump)) return false;
  jpeg_create_compress(&writer.info);
  writer.created = true;
  jpeg_mem_dest(&writer.info, &writer.buffer, &writer.size);
  writer.info.image_width = static_cast<JDIMENSION>(image.width);
  writer.info.image_height = static_cast<JDIMENSION>(image.height);
  writer.info.input_components = image.channels;
  writer.info.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&writer.info);
  jpeg_set_quality(&writer.info, quality, TRUE);
  jpeg_start_compress(&writer.info, TRUE);
  while (writer.info.next_scanline < writer.info.image_height) {
    JSAMPROW row = const_cast<JSAMPLE*>(image.at(0, static_cast<int>(writer.info.next_scanline)));
    jpeg_write_scanlines(&writer.info, &row, 1);
  }
  jpeg_finish_compress(&writer.info);
  return true;
}

}  // namespace

std::string encode_jpeg(const Image& image, int quality) {
  codec::check_encodable(image, "JPEG");
  if (quality < 1 || quality > 100) {
    throw Error::internal("JPEG encoder",
                          "quality " + std::to_string(quality) + " is not between 1 and 100");
  }
  Writer writer;
  if (!write_all(writer, image, quality)) {
    throw Error::internal("JPEG encoder", writer.errors.message.data());
  }
  return std::string(reinterpret_cast<const char*>(writer.buffer), writer.size);
}

}  // namespace firstlight
