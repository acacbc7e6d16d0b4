#pragma once

#include <string>

#include "firstlight/report/table.h"

namespace firstlight {

/// RFC 4180: quoted where it holds a comma, a quote or a line break, quotes doubled. A missing
/// value is an empty field, so an empty text is written with quotes.
inline std::string csv_field(const TableCell& cell) {
  if (std::holds_alternative<std::monostate>(cell)) return {};
  const std::string text = to_text(cell);
  if (std::holds_alternative<std::string>(cell) && text.empty()) return "\"\"";
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

}  // namespace firstlight
