#include <pugixml.hpp>
#include <sstream>

#include "firstlight/base/clean_text.h"
#include "firstlight/base/error.h"
#include "firstlight/report/table.h"

namespace firstlight {
namespace {

const char* datatype(TableColumn::Type type) {
  switch (type) {
    case TableColumn::Type::kText:
      return "unicodeChar";
    case TableColumn::Type::kInteger:
      return "long";
    case TableColumn::Type::kReal:
      return "double";
    case TableColumn::Type::kBoolean:
      return "boolean";
  }
  return "unicodeChar";
}

void set(pugi::xml_node node, const char* attribute, const std::string& value) {
  node.append_attribute(attribute).set_value(clean_text(value).c_str());
}

void add_text(pugi::xml_node parent, const char* element, const std::string& text) {
  if (!text.empty()) parent.append_child(element).text().set(clean_text(text).c_str());
}

void add_parameter(pugi::xml_node table, const std::string& name, const std::string& value) {
  pugi::xml_node node = table.append_child("PARAM");
  set(node, "name", name);
  set(node, "datatype", "unicodeChar");
  set(node, "arraysize", "*");
  set(node, "value", value);
}

void add_field(pugi::xml_node table, const TableColumn& column) {
  pugi::xml_node node = table.append_child("FIELD");
  set(node, "ID", column.name);
  set(node, "name", column.name);
  set(node, "datatype", datatype(column.type));
  if (column.type == TableColumn::Type::kText) set(node, "arraysize", "*");
  if (!column.unit.empty()) set(node, "unit", column.unit);
  if (!column.ucd.empty()) set(node, "ucd", column.ucd);
  add_text(node, "DESCRIPTION", column.description);
}

/// VOTable 1.4, section 6: numbers as in to_text, infinities with a sign, an empty cell is null.
std::string cell_text(const TableCell& cell) {
  if (const bool* b = std::get_if<bool>(&cell)) return *b ? "true" : "false";
  const std::string text = to_text(cell);
  if (!std::holds_alternative<double>(cell)) return clean_text(text);
  if (text == "nan") return "NaN";
  if (text == "inf") return "+Inf";
  if (text == "-inf") return "-Inf";
  return text;
}

constexpr const char* kRowsHere = "rows";

/// Everything but the rows, with a processing instruction in their place.
std::string frame(const Table& table) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node root = document.append_child("VOTABLE");
  root.append_attribute("version") = "1.4";
  root.append_attribute("xmlns") = "http://www.ivoa.net/xml/VOTable/v1.3";
  pugi::xml_node resource = root.append_child("RESOURCE");
  resource.append_attribute("type") = "results";
  pugi::xml_node node = resource.append_child("TABLE");
  set(node, "name", table.name);
  node.append_attribute("nrows") = static_cast<unsigned long long>(table.rows);
  add_text(node, "DESCRIPTION", table.description);
  for (const auto& [name, value] : table.parameters) add_parameter(node, name, value);
  for (const TableColumn& column : table.columns) add_field(node, column);
  node.append_child("DATA")
      .append_child("TABLEDATA")
      .append_child(pugi::node_pi)
      .set_name(kRowsHere);
  std::ostringstream out;
  document.save(out, " ", pugi::format_indent | pugi::format_save_file_text, pugi::encoding_utf8);
  return out.str();
}

}  // namespace

void write_votable(const Table& table, std::ostream& out) {
  const std::string all = frame(table);
  // Markup in texts is escaped, so the instruction occurs once.
  const std::string mark = std::string("<?") + kRowsHere + "?>";
  const std::size_t at = all.find(mark);
  out << all.substr(0, all.find_last_not_of(" \n", at - 1) + 1) << '\n';
  pugi::xml_document row;
  table.for_each_row([&](const std::vector<TableCell>& cells) {
    row.reset();
    pugi::xml_node tr = row.append_child("TR");
    for (const TableCell& cell : cells) {
      pugi::xml_node td = tr.append_child("TD");
      const std::string text = cell_text(cell);
      if (!text.empty()) td.text().set(text.c_str());
    }
    row.save(out, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
    out << '\n';
    if (!out) throw Error::internal("export", "cannot write the output", "is the disk full?");
  });
  out << all.substr(all.find_first_not_of(" \n", at + mark.size()));
  out.flush();
  if (!out) throw Error::internal("export", "cannot write the output", "is the disk full?");
}

}  // namespace firstlight
