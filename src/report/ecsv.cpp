#include <yaml-cpp/yaml.h>

#include <sstream>

#include "csv_field.h"
#include "firstlight/base/clean_text.h"
#include "firstlight/base/error.h"
#include "firstlight/report/table.h"

namespace firstlight {
namespace {

const char* datatype(TableColumn::Type type) {
  switch (type) {
    case TableColumn::Type::kText:
      return "string";
    case TableColumn::Type::kInteger:
      return "int64";
    case TableColumn::Type::kReal:
      return "float64";
    case TableColumn::Type::kBoolean:
      return "bool";
  }
  return "string";
}

/// A key and a quoted text, so that no text is read as a number or as YAML syntax.
void add(YAML::Emitter& yaml, const std::string& key, const std::string& text) {
  yaml << YAML::Key << YAML::DoubleQuoted << clean_text(key) << YAML::Value << YAML::DoubleQuoted
       << clean_text(text);
}

/// The YAML header of ECSV 1.0 (Astropy APE 6).
std::string header(const Table& table) {
  YAML::Emitter yaml;
  yaml.SetOutputCharset(YAML::EscapeNonAscii);
  yaml << YAML::BeginMap << YAML::Key << "delimiter" << YAML::Value << YAML::SingleQuoted << ","
       << YAML::Key << "datatype" << YAML::Value << YAML::BeginSeq;
  for (const TableColumn& column : table.columns) {
    yaml << YAML::BeginMap << YAML::Key << "name" << YAML::Value << YAML::DoubleQuoted
         << column.name;
    if (!column.unit.empty()) add(yaml, "unit", column.unit);
    yaml << YAML::Key << "datatype" << YAML::Value << datatype(column.type);
    if (!column.description.empty()) add(yaml, "description", column.description);
    if (!column.ucd.empty()) {
      yaml << YAML::Key << "meta" << YAML::Value << YAML::BeginMap;
      add(yaml, "ucd", column.ucd);
      yaml << YAML::EndMap;
    }
    yaml << YAML::EndMap;
  }
  yaml << YAML::EndSeq << YAML::Key << "meta" << YAML::Value << YAML::SecondaryTag("omap")
       << YAML::BeginSeq;
  const auto entry = [&](const std::string& key, const std::string& text) {
    yaml << YAML::BeginMap;
    add(yaml, key, text);
    yaml << YAML::EndMap;
  };
  entry("name", table.name);
  entry("description", table.description);
  for (const auto& [name, value] : table.parameters) entry(name, value);
  yaml << YAML::EndSeq << YAML::EndMap;
  return yaml.c_str();
}

/// A line that starts with # would be a comment, and blanks at either end would be dropped.
std::string field(const TableCell& cell) {
  if (const std::string* text = std::get_if<std::string>(&cell)) {
    const std::string clean = clean_text(*text);
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    if (!clean.empty() && (clean.front() == '#' || blank(clean.front()) || blank(clean.back()))) {
      std::string quoted = "\"";
      for (const char c : clean) quoted.append(c == '"' ? 2 : 1, c);
      return quoted + '"';
    }
    return csv_field(clean);
  }
  if (const bool* b = std::get_if<bool>(&cell)) return *b ? "True" : "False";
  return csv_field(cell);
}

}  // namespace

void write_ecsv(const Table& table, std::ostream& out) {
  out << "# %ECSV 1.0\n# ---\n";
  std::istringstream lines(header(table));
  for (std::string line; std::getline(lines, line);) out << "# " << line << '\n';
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    out << (c > 0 ? "," : "") << table.columns[c].name;
  }
  out << '\n';
  table.for_each_row([&](const std::vector<TableCell>& row) {
    for (std::size_t c = 0; c < row.size(); ++c) out << (c > 0 ? "," : "") << field(row[c]);
    out << '\n';
    if (!out) throw Error::internal("export", "cannot write the output", "is the disk full?");
  });
  out.flush();
  if (!out) throw Error::internal("export", "cannot write the output", "is the disk full?");
}

}  // namespace firstlight
