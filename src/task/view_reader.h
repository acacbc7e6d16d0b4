#pragma once

#include <vector>

#include "firstlight/task/task.h"
#include "firstlight/task/yaml.h"

namespace firstlight {

/// The entries of `views`; one view named "image" where `list` is null. Throws Error::usage with
/// file and line.
std::vector<ViewSettings> read_views(const yaml::Node* list);

/// `layout`, which must suit the views.
ViewLayout read_layout(const yaml::Node& node, const std::vector<ViewSettings>& views);

}  // namespace firstlight
