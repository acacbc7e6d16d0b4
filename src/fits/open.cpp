#include "open.h"

#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight::fits {
namespace {

std::string first_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error::input(path, "cannot be opened for reading");
  std::string bytes(9, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

void check_signature(const std::string& path, std::string_view bytes) {
  if (!bytes.starts_with("SIMPLE  =")) {
    throw Error::input(path, "not a FITS file (it does not begin with SIMPLE)");
  }
}

/// Our own gunzip, since cfitsio's does not bound what comes out.
std::string gunzip(const std::string& path, std::uint64_t limit) {
  const std::string packed = text::read_file(path);
  z_stream stream = {};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) {
    throw Error::internal(path, "zlib cannot be set up");
  }
  const struct End {
    z_stream& s;
    ~End() { inflateEnd(&s); }
  } end{stream};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  std::size_t left = packed.size();
  std::string content;
  std::string part(1 << 18, '\0');
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    const auto take = static_cast<uInt>(std::min<std::size_t>(left, 1u << 30));
    stream.avail_in = take;
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    status = inflate(&stream, Z_NO_FLUSH);
    left -= take - stream.avail_in;
    content.append(part, 0, part.size() - stream.avail_out);
    if (content.size() > limit) {
      throw Error::input(path, "the file is too large: more than " + std::to_string(limit) +
                                   " bytes after decompression");
    }
    if (status == Z_BUF_ERROR || (status == Z_OK && left == 0 && stream.avail_out != 0)) {
      throw Error::input(path, "the compressed file is truncated");
    }
    if (status != Z_OK && status != Z_STREAM_END) {
      throw Error::input(path, std::string("the compressed file is damaged: ") +
                                   (stream.msg != nullptr ? stream.msg : "unknown method"));
    }
  }
  return content;
}

}  // namespace

InputFile::InputFile(const std::string& path, const PixelLimits& limits) {
  std::error_code failure;
  const auto kind = std::filesystem::status(path, failure);
  if (!std::filesystem::exists(kind)) throw Error::input(path, "no such file");
  if (!std::filesystem::is_regular_file(kind)) throw Error::input(path, "not a regular file");
  size_ = std::filesystem::file_size(path, failure);
  if (failure) throw Error::input(path, "cannot be read: " + failure.message());
  if (size_ == 0) throw Error::input(path, "the file is empty");
  const std::string start = first_bytes(path);
  int status = 0;
  if (start.starts_with("\x1f\x8b")) {
    // Four planes of doubles and room for headers.
    content_ = gunzip(path, static_cast<std::uint64_t>(limits.max_pixels) * 32 + (64u << 20));
    check_signature(path, content_);
    size_ = content_.size();
    address_ = content_.data();
    length_ = content_.size();
    fits_open_memfile(file_.address(), "memory", READONLY, &address_, &length_, 0, nullptr,
                      &status);
  } else {
    check_signature(path, start);
    // cfitsio expands a leading '~' even in a plain path.
    const std::string plain = path.starts_with('~') ? "./" + path : path;
    fits_open_diskfile(file_.address(), plain.c_str(), READONLY, &status);
  }
  if (status != 0) throw Error::input(path, "cannot be opened: " + explain(status));
}

}  // namespace firstlight::fits
