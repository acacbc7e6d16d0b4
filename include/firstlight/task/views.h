#pragma once

#include <string_view>

#include "firstlight/task/task.h"

namespace firstlight {

/// The settings of a picture of a task (Task::pictures): its view's, or, where a layout joins
/// views, those that all have; nullptr where no view has the name.
const ViewSettings* view_settings(const Task& task, std::string_view picture);

}  // namespace firstlight
