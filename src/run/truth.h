#pragma once

#include <optional>
#include <string>
#include <vector>

#include "firstlight/task/task.h"

namespace firstlight::run_detail {

/// Whether a truth value counts as none: empty, or in `ignore` (without regard to case).
bool is_ignored(const std::string& truth, const std::vector<std::string>& ignore);

/// The class that a sample's truth names, if any.
std::optional<ClassId> truth_class(const Task& task, const std::optional<std::string>& truth,
                                   const std::vector<std::string>& ignore);

}  // namespace firstlight::run_detail
