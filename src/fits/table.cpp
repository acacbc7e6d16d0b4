#include "firstlight/fits/table.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>

#include "cfitsio_file.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight::fits {
namespace {

constexpr std::int64_t kNullInteger = std::numeric_limits<std::int64_t>::min();
/// Rows handed to cfitsio in one call.
constexpr std::size_t kChunk = 4096;

std::size_t rows_of(const TableColumn& column) {
  return std::visit([](const auto& values) { return values.size(); }, column.values);
}

bool is_missing(const TableColumn& column, std::size_t row) {
  return !column.missing.empty() && column.missing[row];
}

std::string form_of(const TableColumn& column) {
  switch (column.values.index()) {
    case 0:
      return "D";
    case 1:
      return "K";
    case 3:
      return "L";
    default:
      break;
  }
  std::size_t width = 1;
  for (const auto& value : std::get<2>(column.values)) width = std::max(width, value.size());
  return std::to_string(width) + "A";
}

/// Header cards hold printable ASCII only.
std::string printable(std::string text) {
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

std::string quoted(const std::string& text) {
  return "'" + text::replace_all(printable(text), "'", "''") + "'";
}

/// The comment lines in which astropy's tables keep what FITS has no keyword for, here the
/// descriptions: YAML as in ECSV, long lines cut after 70 characters with a backslash.
std::vector<std::string> astropy_comments(const std::vector<TableColumn>& columns) {
  static const char* const kTypes[] = {"float64", "int64", "string", "bool"};
  std::vector<std::string> lines = {"--BEGIN-ASTROPY-SERIALIZED-COLUMNS--", "datatype:"};
  bool needed = false;
  for (const auto& column : columns) {
    std::string line =
        "- {name: " + quoted(column.name) + ", datatype: " + kTypes[column.values.index()];
    if (!column.unit.empty()) line += ", unit: " + quoted(column.unit);
    if (!column.description.empty()) line += ", description: " + quoted(column.description);
    line += "}";
    needed = needed || !column.description.empty();
    for (; line.size() > 70; line.erase(0, 70)) lines.push_back(line.substr(0, 70) + "\\");
    lines.push_back(line);
  }
  if (!needed) return {};
  lines.insert(lines.end(), {"meta: !!omap", "- __serialized_columns__: {}",
                             "--END-ASTROPY-SERIALIZED-COLUMNS--"});
  return lines;
}

class Writer {
 public:
  Writer(const std::string& path) : path_(path) {}
  ~Writer() {
    file_.close();
    std::free(buffer_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void create(const std::string& extname, const std::vector<TableColumn>& columns,
              std::size_t rows) {
    fits_create_memfile(file_.address(), &buffer_, &size_, 1 << 20, std::realloc, &status_);
    check();
    std::vector<std::string> texts;
    for (const auto& column : columns) {
      texts.push_back(printable(column.name));
      texts.push_back(form_of(column));
      texts.push_back(printable(column.unit));
    }
    std::vector<char*> names, forms, units;
    for (std::size_t i = 0; i < texts.size(); i += 3) {
      names.push_back(texts[i].data());
      forms.push_back(texts[i + 1].data());
      units.push_back(texts[i + 2].data());
    }
    fits_create_tbl(file_.get(), BINARY_TBL, static_cast<LONGLONG>(rows),
                    static_cast<int>(columns.size()), names.data(), forms.data(), units.data(),
                    printable(extname).c_str(), &status_);
    check();
  }

  void describe(int number, const TableColumn& column) {
    if (!column.description.empty()) {
      write_text("TCOMM" + std::to_string(number), column.description);
    }
    if (std::holds_alternative<std::vector<std::int64_t>>(column.values) &&
        std::find(column.missing.begin(), column.missing.end(), true) != column.missing.end()) {
      const std::string key = "TNULL" + std::to_string(number);
      LONGLONG null_value = kNullInteger;
      fits_write_key(file_.get(), TLONGLONG, key.c_str(), &null_value, nullptr, &status_);
      check();
    }
  }

  void write_text(const std::string& key, const std::string& value) {
    fits_write_key_longstr(file_.get(), printable(key).c_str(), printable(value).c_str(), nullptr,
                           &status_);
    check();
  }

  void write_comment(const std::string& line) {
    fits_write_comment(file_.get(), line.c_str(), &status_);
    check();
  }

  void finish_header() {
    fits_write_key_longwarn(file_.get(), &status_);
    fits_set_hdustruc(file_.get(), &status_);
    check();
  }

  void write_column(int number, const TableColumn& column, std::size_t rows) {
    for (std::size_t row = 0; row < rows; row += kChunk) {
      write_rows(number, column, row, std::min(kChunk, rows - row));
      check();
    }
  }

  void save() {
    LONGLONG header = 0, data = 0, end = 0;
    fits_flush_file(file_.get(), &status_);
    fits_get_hduaddrll(file_.get(), &header, &data, &end, &status_);
    check();
    status_ = file_.close();
    check();
    text::write_file_atomically(path_,
                                {static_cast<const char*>(buffer_), static_cast<std::size_t>(end)});
  }

 private:
  void write_rows(int number, const TableColumn& column, std::size_t row, std::size_t n) {
    const auto first = static_cast<LONGLONG>(row) + 1, count = static_cast<LONGLONG>(n);
    fitsfile* file = file_.get();
    if (const auto* reals = std::get_if<std::vector<double>>(&column.values)) {
      std::vector<double> part(reals->begin() + static_cast<std::ptrdiff_t>(row),
                               reals->begin() + static_cast<std::ptrdiff_t>(row + n));
      for (std::size_t i = 0; i < n; ++i) {
        if (is_missing(column, row + i)) part[i] = std::nan("");
      }
      fits_write_col(file, TDOUBLE, number, first, 1, count, part.data(), &status_);
    } else if (const auto* whole = std::get_if<std::vector<std::int64_t>>(&column.values)) {
      std::vector<LONGLONG> part;
      for (std::size_t i = row; i < row + n; ++i) {
        part.push_back(is_missing(column, i) ? kNullInteger : (*whole)[i]);
      }
      fits_write_col(file, TLONGLONG, number, first, 1, count, part.data(), &status_);
    } else if (const auto* texts = std::get_if<std::vector<std::string>>(&column.values)) {
      write_texts(number, column, *texts, row, n);
    } else {
      const auto& flags = std::get<std::vector<bool>>(column.values);
      std::vector<char> part;
      for (std::size_t i = row; i < row + n; ++i) part.push_back(flags[i] ? 1 : 0);
      fits_write_col(file, TLOGICAL, number, first, 1, count, part.data(), &status_);
      for (std::size_t i = 0; i < n; ++i) {
        if (!is_missing(column, row + i)) continue;
        fits_write_col_null(file, number, first + static_cast<LONGLONG>(i), 1, 1, &status_);
      }
    }
  }

  /// cfitsio fills texts up with blanks, which astropy then takes for part of them; the standard
  /// allows NUL as the end too (FITS 4.0, section 7.3.3.1), and so astropy writes itself.
  void write_texts(int number, const TableColumn& column, const std::vector<std::string>& texts,
                   std::size_t row, std::size_t n) {
    int type = 0;
    long repeat = 0, width = 0, start = 1;
    for (int c = 1; c <= number; ++c) {
      fits_get_coltype(file_.get(), c, &type, &repeat, &width, &status_);
      if (c < number) start += type == TSTRING ? repeat : repeat * width;
    }
    for (std::size_t i = row; i < row + n && status_ == 0; ++i) {
      std::string value = is_missing(column, i) ? "" : texts[i];
      value.resize(static_cast<std::size_t>(repeat), '\0');
      fits_write_tblbytes(file_.get(), static_cast<LONGLONG>(i) + 1, start, repeat,
                          reinterpret_cast<unsigned char*>(value.data()), &status_);
    }
  }

  void check() {
    if (status_ == 0) return;
    throw Error::internal(path_, "the FITS table cannot be written: " + explain(status_));
  }

  std::string path_;
  OpenFile file_;
  void* buffer_ = nullptr;
  std::size_t size_ = 0;
  int status_ = 0;
};

}  // namespace

void write_fits_table(const std::string& path, const std::string& extname,
                      const std::vector<TableColumn>& columns,
                      const std::vector<std::pair<std::string, std::string>>& header) {
  if (columns.empty()) throw Error::usage(path, "a FITS table needs at least one column");
  const std::size_t rows = rows_of(columns.front());
  for (const auto& column : columns) {
    const bool fits =
        rows_of(column) == rows && (column.missing.empty() || column.missing.size() == rows);
    if (!fits) {
      throw Error::usage(path, "column '" + column.name + "' has another length than the first");
    }
  }
  const Exclusive exclusive;
  Writer writer(path);
  writer.create(extname, columns, rows);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    writer.describe(static_cast<int>(i) + 1, columns[i]);
  }
  for (const auto& [key, value] : header) writer.write_text(key, value);
  for (const auto& line : astropy_comments(columns)) writer.write_comment(line);
  writer.finish_header();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    writer.write_column(static_cast<int>(i) + 1, columns[i], rows);
  }
  writer.save();
}

}  // namespace firstlight::fits
