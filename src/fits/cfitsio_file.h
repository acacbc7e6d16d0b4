#pragma once

#include <fitsio.h>

#include <mutex>
#include <string>

namespace firstlight::fits {

/// cfitsio keeps its error messages and its list of open files for the whole process, also where it
/// was built to be reentrant. One thread is inside at a time.
class Exclusive {
 public:
  Exclusive();

 private:
  std::lock_guard<std::mutex> lock_;
};

/// The meaning of a status and cfitsio's most telling message about it; empties its stack.
std::string explain(int status);

/// Owns an open file; closing never reports.
class OpenFile {
 public:
  OpenFile() = default;
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  fitsfile* get() const { return file_; }
  fitsfile** address() { return &file_; }
  /// Closes and returns cfitsio's status.
  int close();

 private:
  fitsfile* file_ = nullptr;
};

}  // namespace firstlight::fits
