#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include "cfitsio_file.h"
#include "firstlight/image/image.h"

namespace firstlight::fits {

/// A FITS file for reading: plain from disk, gzip-compressed from memory.
class InputFile {
 public:
  /// Finds and, where needed, decompresses the file. Throws Error::input: no such file, not FITS,
  /// beyond the size limit.
  InputFile(const std::string& path, const PixelLimits& limits);

  const std::string& path() const { return path_; }
  /// Bytes of the FITS file, after decompression.
  std::uint64_t size() const { return size_; }
  /// Copies `n` bytes from `offset`. Throws Error::input where there are fewer.
  void read(std::uint64_t offset, char* target, std::size_t n) const;

  /// Hands the file to cfitsio; the caller holds Exclusive. Throws Error::input.
  fitsfile* open();

 private:
  std::string path_;
  std::uint64_t size_ = 0;
  mutable std::ifstream stream_;  ///< of a plain file
  std::string content_;           ///< of a compressed file; must outlive `file_`
  void* address_ = nullptr;
  std::size_t length_ = 0;
  OpenFile file_;
};

}  // namespace firstlight::fits
