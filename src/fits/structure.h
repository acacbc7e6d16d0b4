#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "open.h"

namespace firstlight::fits {

/// One header-data unit as its header describes it.
struct Hdu {
  int number = 0;  ///< from 0
  std::uint64_t data_offset = 0;
  std::uint64_t data_bytes = 0;     ///< without fill
  bool compressed = false;          ///< a tile-compressed image
  std::vector<std::uint64_t> axes;  ///< of the image, also where it is compressed; else empty
  std::map<std::string, std::string> values;  ///< raw text of the first card of each name
};

/// Walks through the headers of a file and checks what cfitsio takes on trust: sizes, offsets and
/// numbers that do not fit together would make it read or write out of bounds. An HDU must have
/// passed before cfitsio moves to it.
class Structure {
 public:
  explicit Structure(const InputFile& file) : file_(file) {}

  /// The next HDU; false at the end of the file. Throws Error::input with file and HDU.
  bool next(Hdu& hdu);

 private:
  void read_header(Hdu& hdu);
  void check_numbers(const Hdu& hdu) const;
  void measure(Hdu& hdu);

  const InputFile& file_;
  int number_ = 0;
  std::uint64_t position_ = 0;
};

/// Checks that the table of a tile-compressed image holds as many tiles as the image needs and that
/// each lies inside the heap. Throws Error::input.
void check_tiles(const InputFile& file, const Hdu& hdu);

/// The value of a whole-number card; throws Error::input where it is absent (without `fallback`),
/// no number or outside.
std::uint64_t whole_number(const Hdu& hdu, const std::string& where, const std::string& name,
                           std::uint64_t most, const std::uint64_t* fallback = nullptr);

std::string place(const std::string& path, int hdu);

}  // namespace firstlight::fits
