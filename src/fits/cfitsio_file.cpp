#include "cfitsio_file.h"

#include "firstlight/base/text.h"

namespace firstlight::fits {
namespace {

std::mutex& process_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

Exclusive::Exclusive() : lock_(process_mutex()) { fits_clear_errmsg(); }

std::string explain(int status) {
  char meaning[FLEN_STATUS] = {};
  fits_get_errstatus(status, meaning);
  char message[FLEN_ERRMSG] = {};
  std::string result = meaning;
  // The first message comes from the innermost call, nearest to the cause.
  if (fits_read_errmsg(message) != 0) {
    const std::string detail = text::trim(message);
    if (!detail.empty()) result += " (" + detail + ")";
  }
  fits_clear_errmsg();
  return result;
}

OpenFile::~OpenFile() { close(); }

int OpenFile::close() {
  int status = 0;
  if (file_ != nullptr) fits_close_file(file_, &status);
  file_ = nullptr;
  return status;
}

}  // namespace firstlight::fits
