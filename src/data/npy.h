#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace firstlight {

/// The element type of an npy file, as its `descr` says.
struct NpyType {
  char kind = 0;         ///< b, i, u, f, U (UTF-32), S (bytes)
  std::size_t size = 0;  ///< bytes of one element
  bool swapped = false;  ///< not this machine's byte order
};

struct NpyHeader {
  NpyType type;
  std::vector<std::uint64_t> shape;
  std::uint64_t data_offset = 0;
};

/// Parses the header of the NPY format, versions 1.0 to 3.0 (numpy.lib.format). `bytes` is the
/// beginning of the file, `file_size` its whole size, which must be exactly what the header
/// promises. Throws Error::input: another format, a damaged header, Fortran order, pickled objects,
/// records and complex numbers, a size that does not fit.
NpyHeader parse_npy_header(std::string_view bytes, std::uint64_t file_size,
                           const std::string& origin);

/// An open npy file. Elements are read by pread, so that a file cut short while it is in use is an
/// error and not a signal. Safe from several threads.
class NpyFile {
 public:
  explicit NpyFile(const std::string& path);
  ~NpyFile();
  NpyFile(const NpyFile&) = delete;
  NpyFile& operator=(const NpyFile&) = delete;

  const std::string& path() const { return path_; }
  const NpyHeader& header() const { return header_; }
  /// Bytes of `count` elements from element `first` (C order) on. Throws Error::input.
  std::vector<std::uint8_t> read(std::uint64_t first, std::uint64_t count) const;

 private:
  std::string path_;
  int file_ = -1;
  NpyHeader header_;
};

/// Elements of a b, i, u or f type as float.
std::vector<float> to_floats(const NpyType& type, const std::vector<std::uint8_t>& bytes);
/// One element at `bytes` as text: integers and booleans plainly, numbers in the shortest form,
/// strings in UTF-8 without padding.
std::string element_text(const NpyType& type, const std::uint8_t* bytes);

}  // namespace firstlight
