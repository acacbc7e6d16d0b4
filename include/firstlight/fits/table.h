#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace firstlight::fits {

/// A column of a binary table. All columns of a table have the same number of rows.
struct TableColumn {
  std::string name;         ///< TTYPE
  std::string unit;         ///< TUNIT; empty where there is none
  std::string description;  ///< TCOMM, and astropy's own comment block; may be empty
  /// Stored as D, K, nA (n = the longest text in bytes) and L. UTF-8 is written as it is.
  std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::string>,
               std::vector<bool>>
      values;
  /// Rows without a value; empty where there are none, else as long as `values`. Written as NaN,
  /// as TNULL (the least 64-bit number), as empty text, as the undefined logical value.
  std::vector<bool> missing = {};
};

/// Writes a FITS file with an empty primary HDU and one binary table, named `extname`, with
/// `header` as further text keywords of the table (names longer than 8 characters by the HIERARCH
/// convention, long values by CONTINUE; other than ASCII becomes '?'). Replaces `path` atomically.
/// Throws Error::usage for columns of unequal length, Error::internal where the file cannot be
/// written.
void write_fits_table(const std::string& path, const std::string& extname,
                      const std::vector<TableColumn>& columns,
                      const std::vector<std::pair<std::string, std::string>>& header);

}  // namespace firstlight::fits
