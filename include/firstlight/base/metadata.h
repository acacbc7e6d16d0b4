#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>

namespace firstlight {

/// Whether a metadata column is something an instrument or a survey measured, or knowledge of the
/// answer (labels, generator truth). Only measured columns may enter a prompt.
enum class Provenance { kMeasured, kTruth };

/// A missing value is std::monostate.
using MetadataValue = std::variant<std::monostate, std::int64_t, double, bool, std::string>;

/// Whether a double holds the integer without rounding, as all up to 2^53 are.
constexpr bool is_exact_in_double(std::int64_t value) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 53;
  return value >= -kLimit && value <= kLimit;
}

struct Metadata {
  std::string name;
  MetadataValue value;
  Provenance provenance = Provenance::kMeasured;
};

/// Text of a metadata value as tables show it: shortest form that reads back the same; empty where
/// missing.
std::string to_text(const MetadataValue& value);

/// The value as a node of a JSON library, null where missing: to_json_value<nlohmann::json>(value).
template <typename Json>
Json to_json_value(const MetadataValue& value) {
  return std::visit(
      [](const auto& v) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::monostate>) {
          return nullptr;
        } else {
          return v;
        }
      },
      value);
}

}  // namespace firstlight
