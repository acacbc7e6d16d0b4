#pragma once

#include <string>

#include "firstlight/base/metadata.h"

namespace firstlight {

/// Finds the narrowest type that every value of a text column fits: bool (true, false), integer,
/// number, else text. Integers with leading zeros are text: they are names; so are integers that
/// the type would round (beyond 64 bits, or beyond 2^53 in a column of numbers). Empty values are
/// missing and fit every type.
class ValueType {
 public:
  void add(const std::string& field);
  /// `field` as the type found; std::monostate where empty.
  MetadataValue value(const std::string& field) const;

 private:
  bool any_ = false;
  bool bool_ = true;
  bool int_ = true;
  bool double_ = true;
};

}  // namespace firstlight
