#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace firstlight {

/// A comma-separated table (RFC 4180) held as its text and the place of every row, so that a
/// catalogue costs little more memory than its file. Rows are cut into fields on demand. Immutable;
/// safe from several threads.
///
/// A parser of our own: Debian's libcsv drops blanks around fields and tells neither the offset nor
/// the line of a row, which errors and rows on demand need.
class CsvTable {
 public:
  /// The first row names the columns. Rows end with LF, CRLF or CR; empty lines are skipped; a
  /// UTF-8 byte-order mark is dropped. Throws Error::input with `origin` and line: no header, an
  /// empty or repeated column name, a row with too few or too many fields, an unterminated quote,
  /// text behind a closing quote, a NUL byte.
  CsvTable(std::string text, std::string origin);

  const std::vector<std::string>& columns() const { return columns_; }
  std::size_t size() const { return rows_.size(); }
  /// Line of the file, from 1, in which the row begins.
  std::size_t line(std::size_t row) const { return rows_.at(row).line; }
  /// "file:line", for messages.
  std::string where(std::size_t row) const;
  /// All fields, unquoted.
  std::vector<std::string> fields(std::size_t row) const;
  std::string field(std::size_t row, std::size_t column) const;

 private:
  struct Row {
    std::size_t offset = 0;
    std::size_t line = 0;
  };

  std::string text_;
  std::string origin_;
  std::vector<std::string> columns_;
  std::vector<Row> rows_;
};

}  // namespace firstlight
