#include "value_type.h"

#include "firstlight/base/text.h"

namespace firstlight {
namespace {

bool has_leading_zero(const std::string& s) {
  const std::size_t first = s.starts_with('-') ? 1 : 0;
  return s.size() > first + 1 && s[first] == '0' && s[first + 1] >= '0' && s[first + 1] <= '9';
}

bool is_bool(const std::string& s) {
  const std::string low = text::lower(s);
  return low == "true" || low == "false";
}

}  // namespace

void ValueType::add(const std::string& field) {
  if (field.empty()) return;
  any_ = true;
  bool_ = bool_ && is_bool(field);
  const bool zero = has_leading_zero(field);
  int_ = int_ && !zero && text::parse_int(field).has_value();
  double_ = double_ && !zero && text::parse_double(field).has_value();
}

MetadataValue ValueType::value(const std::string& field) const {
  if (field.empty()) return {};
  if (any_ && bool_) return text::lower(field) == "true";
  if (any_ && int_) return *text::parse_int(field);
  if (any_ && double_) return *text::parse_double(field);
  return field;
}

}  // namespace firstlight
