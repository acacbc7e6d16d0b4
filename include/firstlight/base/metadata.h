#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace firstlight {

/// Whether a metadata column is something an instrument or a survey measured, or knowledge of the
/// answer (labels, generator truth). Only measured columns may enter a prompt.
enum class Provenance { kMeasured, kTruth };

/// A missing value is std::monostate.
using MetadataValue = std::variant<std::monostate, std::int64_t, double, bool, std::string>;

struct Metadata {
  std::string name;
  MetadataValue value;
  Provenance provenance = Provenance::kMeasured;
};

/// Text of a metadata value as tables show it: shortest form that reads back the same; empty where
/// missing.
std::string to_text(const MetadataValue& value);

}  // namespace firstlight
