#pragma once

#include <vector>

#include "firstlight/task/task.h"
#include "firstlight/task/yaml.h"

namespace firstlight {

/// The entries of `classes` or `backgrounds`. Throws Error::usage with file and line.
std::vector<ClassDefinition> read_classes(const yaml::Node& list);

/// Truth is matched by key, name, synonym and index, so no two classes may share one of them.
/// Backgrounds are matched too and have no index. `list` and `others` hold the nodes of `classes`
/// and `backgrounds`.
void require_distinct_classes(const yaml::Node& list, const std::vector<ClassDefinition>& classes,
                              const yaml::Node* others,
                              const std::vector<ClassDefinition>& backgrounds, int first_index);

}  // namespace firstlight
