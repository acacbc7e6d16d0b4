#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "firstlight/data/sample.h"
#include "firstlight/run/prediction.h"
#include "firstlight/run/store.h"

namespace firstlight {

/// A missing cell is std::monostate. A cell holds its column's type (or is missing).
using TableCell = MetadataValue;

struct TableColumn {
  enum class Type { kText, kInteger, kReal, kBoolean };
  std::string name;  ///< [A-Za-z_][A-Za-z0-9_]*, unique without regard to case
  Type type = Type::kText;
  std::string unit;         ///< as the source wrote it; empty where there is none
  std::string description;  ///< one line
  std::string ucd;          ///< IVOA content descriptor, e.g. "meta.id;meta.main"; may be empty
};

/// A run as one flat table, the model that every table format is written from. Rows are made while
/// they are read, so a table of a million rows takes no memory; `for_each_row` may be called again
/// (a format that must know widths first reads twice).
struct Table {
  std::string name;
  std::string description;
  /// Facts of the run for a format that keeps parameters: name and text.
  std::vector<std::pair<std::string, std::string>> parameters;
  std::vector<TableColumn> columns;
  std::uint64_t rows = 0;
  std::function<void(const std::function<void(const std::vector<TableCell>&)>& visit)> for_each_row;
};

/// id, status, truth, label, probability of each class (p_KEY), kind, error, seconds, free_text and
/// free_text_label in runs with that setting, explanation in runs with reasons, domain_score and
/// warning in runs whose model knows its domains, and the metadata columns with their units
/// (meta_NAME where the name is taken). `run` must outlive the table.
Table run_table(const RunStore& run, const Interpretation& interpretation);

/// One line a row, RFC 4180 quoting, numbers in the shortest form that reads back the same,
/// missing values empty.
void write_csv(const Table& table, std::ostream& out);

/// VOTable 1.4 with TABLEDATA, a row at a time. Texts are unicodeChar; a missing value is an empty
/// cell. In this and the next two formats bytes that are not UTF-8 and control characters become
/// U+FFFD.
void write_votable(const Table& table, std::ostream& out);

/// ECSV 1.0, separated by commas; a missing value is an empty field (for which an empty text is
/// taken too, as the format has no difference).
void write_ecsv(const Table& table, std::ostream& out);

/// FITS binary table in the first extension, named as the table. Needs the memory of all rows and a
/// temporary file of its size (in TMPDIR).
void write_fits(const Table& table, std::ostream& out);

/// One JSON object a sample, with token ids and log-probabilities (the run, not the flat table).
void write_jsonl(const RunStore& run, const Interpretation& interpretation, std::ostream& out);

}  // namespace firstlight
