#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "firstlight/image/image.h"

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

struct View {
  std::string name;  ///< unique in its sample, e.g. "image", "xz"
  Pixels pixels;
};

/// One thing to classify.
struct Sample {
  std::string id;  ///< stable and unique in its source; never shown to a model
  std::vector<View> views;
  std::optional<std::string> truth;  ///< as written in the source; a task turns it into a ClassId
  std::vector<Metadata> metadata;
  std::string origin;  ///< file (and row) for error messages and reports; never shown to a model
};

/// Text of a metadata value as tables show it: shortest form that reads back the same; empty where
/// missing.
std::string to_text(const MetadataValue& value);

}  // namespace firstlight
