#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "firstlight/base/clean_text.h"
#include "firstlight/base/error.h"
#include "firstlight/fits/table.h"
#include "firstlight/report/table.h"

namespace firstlight {
namespace {

/// A folder of its own, removed with what is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "firstlight-fits-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      throw Error::internal(pattern, "cannot make a temporary folder", "set TMPDIR to a free disk");
    }
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

fits::TableColumn empty_column(const TableColumn& column) {
  fits::TableColumn out{column.name, column.unit, clean_text(column.description), {}, {}};
  switch (column.type) {
    case TableColumn::Type::kText:
      out.values = std::vector<std::string>();
      break;
    case TableColumn::Type::kInteger:
      out.values = std::vector<std::int64_t>();
      break;
    case TableColumn::Type::kReal:
      out.values = std::vector<double>();
      break;
    case TableColumn::Type::kBoolean:
      out.values = std::vector<bool>();
      break;
  }
  return out;
}

void append(fits::TableColumn& column, const TableCell& cell) {
  const bool missing = std::holds_alternative<std::monostate>(cell);
  std::visit(
      [&](auto& values) {
        using Value = typename std::decay_t<decltype(values)>::value_type;
        if (missing) {
          values.push_back(Value{});
        } else if constexpr (std::is_same_v<Value, std::string>) {
          values.push_back(clean_text(std::get<std::string>(cell)));
        } else {
          values.push_back(std::get<Value>(cell));
        }
      },
      column.values);
  column.missing.push_back(missing);
}

}  // namespace

void write_fits(const Table& table, std::ostream& out) {
  std::vector<fits::TableColumn> columns;
  for (const TableColumn& column : table.columns) columns.push_back(empty_column(column));
  table.for_each_row([&](const std::vector<TableCell>& row) {
    for (std::size_t c = 0; c < row.size(); ++c) append(columns[c], row[c]);
  });
  std::vector<std::pair<std::string, std::string>> header;
  header.emplace_back("ABOUT", clean_text(table.description));
  for (const auto& [name, value] : table.parameters) {
    header.emplace_back(clean_text(name), clean_text(value));
  }
  // The FITS library writes to a file by name.
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "table.fits").string();
  fits::write_fits_table(path, table.name, columns, header);
  std::ifstream in(path, std::ios::binary);
  out << in.rdbuf();
  out.flush();
  if (!in || !out) throw Error::internal("export", "cannot write the output", "is the disk full?");
}

}  // namespace firstlight
