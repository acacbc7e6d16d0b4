#pragma once

#include <string>

#include "firstlight/task/task.h"

namespace firstlight {

/// A task of classes c0, c1, ...; `rest` is appended to its YAML.
inline Task numbered_task(std::size_t classes, const std::string& rest = {}) {
  std::string yaml = "name: t\nprompt: '{image} {classes}'\nclasses:\n";
  for (std::size_t k = 0; k < classes; ++k) yaml += "  - {key: c" + std::to_string(k) + "}\n";
  return parse_task(yaml + rest, "t.yaml");
}

}  // namespace firstlight
