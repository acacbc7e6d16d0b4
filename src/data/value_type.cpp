#include "value_type.h"

#include "firstlight/base/text.h"

namespace firstlight {
namespace {

bool has_leading_zero(const std::string& s) {
  const std::size_t first = s.starts_with('-') ? 1 : 0;
  return s.size() > first + 1 && s[first] == '0' && s[first + 1] >= '0' && s[first + 1] <= '9';
}

/// A sign and digits only, however many.
bool is_whole(const std::string& s) {
  return s.find_first_not_of("0123456789", s.starts_with('-') ? 1 : 0) == s.npos;
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
  const auto integer = text::parse_int(field);
  int_ = int_ && !zero && integer.has_value();
  double_ = double_ && !zero && text::parse_double(field).has_value() &&
            (!is_whole(field) || (integer && is_exact_in_double(*integer)));
}

MetadataValue ValueType::value(const std::string& field) const {
  if (field.empty()) return {};
  if (any_ && bool_) return text::lower(field) == "true";
  if (any_ && int_) return *text::parse_int(field);
  if (any_ && double_) return *text::parse_double(field);
  return field;
}

}  // namespace firstlight
