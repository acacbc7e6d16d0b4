#include "open.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "firstlight/base/error.h"
#include "firstlight/base/inflate.h"
#include "firstlight/base/text.h"

namespace firstlight::fits {
namespace {

void check_signature(const std::string& path, std::string_view bytes) {
  if (!bytes.starts_with("SIMPLE  =")) {
    throw Error::input(path, "not a FITS file (it does not begin with SIMPLE)");
  }
}

}  // namespace

InputFile::InputFile(const std::string& path, const PixelLimits& limits) : path_(path) {
  std::error_code failure;
  const auto kind = std::filesystem::status(path, failure);
  if (!std::filesystem::exists(kind)) throw Error::input(path, "no such file");
  if (!std::filesystem::is_regular_file(kind)) throw Error::input(path, "not a regular file");
  size_ = std::filesystem::file_size(path, failure);
  if (failure) throw Error::input(path, "cannot be read: " + failure.message());
  if (size_ == 0) throw Error::input(path, "the file is empty");
  stream_.open(path, std::ios::binary);
  if (!stream_) throw Error::input(path, "cannot be opened for reading");
  std::string start(std::min<std::uint64_t>(size_, 9), '\0');
  read(0, start.data(), start.size());
  if (start.starts_with("\x1f\x8b")) {
    // By our own hand, since cfitsio does not bound what comes out: four planes of doubles and room
    // for headers.
    const std::uint64_t most = static_cast<std::uint64_t>(limits.max_pixels) * 32 + (64u << 20);
    const std::string cause = inflate_stream(text::read_file(path), most, &content_);
    if (!cause.empty()) throw Error::input(path, cause);
    size_ = content_.size();
    start = content_.substr(0, 9);
  }
  check_signature(path, start);
}

void InputFile::read(std::uint64_t offset, char* target, std::size_t n) const {
  if (offset > size_ || n > size_ - offset) throw Error::input(path_, "the file is truncated");
  if (!content_.empty()) {
    content_.copy(target, n, offset);
    return;
  }
  stream_.clear();
  stream_.seekg(static_cast<std::streamoff>(offset));
  stream_.read(target, static_cast<std::streamsize>(n));
  if (static_cast<std::size_t>(stream_.gcount()) != n) {
    throw Error::input(path_, "cannot be read to its end");
  }
}

fitsfile* InputFile::open() {
  int status = 0;
  if (content_.empty()) {
    // cfitsio expands a leading '~' even in a plain path.
    const std::string plain = path_.starts_with('~') ? "./" + path_ : path_;
    fits_open_diskfile(file_.address(), plain.c_str(), READONLY, &status);
  } else {
    address_ = content_.data();
    length_ = content_.size();
    fits_open_memfile(file_.address(), "memory", READONLY, &address_, &length_, 0, nullptr,
                      &status);
  }
  if (status != 0) throw Error::input(path_, "cannot be opened: " + explain(status));
  return file_.get();
}

}  // namespace firstlight::fits
