#pragma once

#include <string>

#include "cfitsio_file.h"
#include "firstlight/image/image.h"

namespace firstlight::fits {

/// A FITS file open for reading: plain from disk, gzip-compressed from memory. The caller holds
/// Exclusive.
class InputFile {
 public:
  /// Throws Error::input: no such file, not FITS, beyond the size limit, cfitsio's reason.
  InputFile(const std::string& path, const PixelLimits& limits);

  fitsfile* get() const { return file_.get(); }
  /// Bytes of the FITS file, after decompression.
  std::uint64_t size() const { return size_; }

 private:
  std::string content_;  ///< of a compressed file; must outlive `file_`
  void* address_ = nullptr;
  std::size_t length_ = 0;
  std::uint64_t size_ = 0;
  OpenFile file_;
};

}  // namespace firstlight::fits
