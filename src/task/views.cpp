#include "firstlight/task/views.h"

#include <algorithm>

namespace firstlight {

const ViewSettings* view_settings(const Task& task, std::string_view picture) {
  const auto view = std::find_if(task.views.begin(), task.views.end(), [&](const ViewSettings& v) {
    return v.name == picture || task.layout != ViewLayout::kSeparate;
  });
  return view == task.views.end() ? nullptr : &*view;
}

}  // namespace firstlight
