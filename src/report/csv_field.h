#pragma once

#include <string>

#include "firstlight/base/text.h"
#include "firstlight/report/table.h"

namespace firstlight {

/// A field of a CSV table. A missing value is an empty field, so an empty text is written with
/// quotes.
inline std::string csv_field(const TableCell& cell) {
  if (std::holds_alternative<std::monostate>(cell)) return {};
  const std::string value = to_text(cell);
  if (std::holds_alternative<std::string>(cell) && value.empty()) return "\"\"";
  return text::csv_field(value);
}

}  // namespace firstlight
