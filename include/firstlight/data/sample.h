#pragma once

#include <optional>
#include <string>
#include <vector>

#include "firstlight/base/metadata.h"
#include "firstlight/image/image.h"

namespace firstlight {

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

}  // namespace firstlight
