#include "csv.h"

#include <algorithm>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight {
namespace {

/// Reads rows one after the other from a place in the text.
class Scanner {
 public:
  Scanner(std::string_view text, const std::string& origin, std::size_t offset, std::size_t line)
      : text_(text), origin_(origin), at_(offset), line_(line) {}

  std::size_t offset() const { return at_; }
  std::size_t line() const { return line_; }

  /// Moves to the next row that is not an empty line; false at the end.
  bool skip_empty_lines() {
    while (at_ < text_.size() && at_end_of_row()) end_row();
    return at_ < text_.size();
  }

  void read_row(std::vector<std::string>& fields) {
    fields.clear();
    while (true) {
      fields.push_back(read_field());
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      end_row();
      return;
    }
  }

 private:
  bool at_end_of_row() const { return text_[at_] == '\n' || text_[at_] == '\r'; }

  void end_row() {
    if (at_ >= text_.size()) return;
    if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
    ++at_;
    ++line_;
  }

  [[noreturn]] void fail(std::size_t line, const char* what) const {
    throw Error::input(origin_ + ":" + std::to_string(line), what);
  }

  std::string read_field() {
    if (at_ < text_.size() && text_[at_] == '"') return read_quoted();
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ',' && !at_end_of_row()) ++at_;
    const std::string_view field = text_.substr(begin, at_ - begin);
    if (field.find('\0') != std::string_view::npos)
      fail(line_, "holds a NUL byte: not a text file");
    return std::string(field);
  }

  std::string read_quoted() {
    const std::size_t first_line = line_;
    std::string field;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') {
          ++at_;
          if (at_ < text_.size() && text_[at_] != ',' && !at_end_of_row()) {
            fail(line_, "text behind a closing quote; double the quotes inside a quoted field");
          }
          return field;
        }
        ++at_;
      } else if (c == '\0') {
        fail(line_, "holds a NUL byte: not a text file");
      } else if (c == '\n' || (c == '\r' && (at_ + 1 >= text_.size() || text_[at_ + 1] != '\n'))) {
        ++line_;
      }
      field.push_back(c);
    }
    fail(first_line, "a quote that is opened here is never closed");
  }

  std::string_view text_;
  const std::string& origin_;
  std::size_t at_;
  std::size_t line_;
};

void check_columns(const std::vector<std::string>& columns, const std::string& where) {
  if (columns.size() == 1 && columns[0].find_first_of(";\t") != std::string::npos) {
    throw Error::input(where, "the columns are not separated by commas",
                       "write the table with ',' between the fields");
  }
  for (auto column = columns.begin(); column != columns.end(); ++column) {
    if (column->empty()) {
      throw Error::input(where,
                         "column " + std::to_string(column - columns.begin() + 1) + " has no name");
    }
    if (std::find(columns.begin(), column, *column) != column) {
      throw Error::input(where, "two columns are named '" + *column + "'");
    }
  }
}

}  // namespace

CsvTable::CsvTable(std::string text, std::string origin)
    : text_(std::move(text)), origin_(std::move(origin)) {
  Scanner scanner(text_, origin_, text_.starts_with("\xef\xbb\xbf") ? 3 : 0, 1);
  if (!scanner.skip_empty_lines()) {
    throw Error::input(origin_, "the table is empty", "its first row must name the columns");
  }
  const std::string header = origin_ + ":" + std::to_string(scanner.line());
  scanner.read_row(columns_);
  for (std::string& column : columns_) column = text::trim(column);
  check_columns(columns_, header);
  std::vector<std::string> fields;
  while (scanner.skip_empty_lines()) {
    rows_.push_back({scanner.offset(), scanner.line()});
    scanner.read_row(fields);
    if (fields.size() != columns_.size()) {
      throw Error::input(where(rows_.size() - 1), "the row has " + std::to_string(fields.size()) +
                                                      " fields, the header " +
                                                      std::to_string(columns_.size()));
    }
  }
}

std::string CsvTable::where(std::size_t row) const {
  return origin_ + ":" + std::to_string(line(row));
}

std::vector<std::string> CsvTable::fields(std::size_t row) const {
  std::vector<std::string> fields;
  Scanner(text_, origin_, rows_.at(row).offset, rows_[row].line).read_row(fields);
  return fields;
}

std::string CsvTable::field(std::size_t row, std::size_t column) const {
  return fields(row).at(column);
}

}  // namespace firstlight
