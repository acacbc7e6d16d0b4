#pragma once

#include <string_view>
#include <vector>

#include "firstlight/model/classifier.h"
#include "firstlight/task/task.h"

namespace firstlight {

/// Passes from a comma-separated list: main, blank, no_descriptions, `order` (every rotation of the
/// classes) or order_K, `orientation` (every orientation of the picture) or orientation_K. Throws
/// Error::usage for an unknown or repeated pass, without main, and for orientations where the task
/// shows several views: those of one event keep the directions of beam and drift.
std::vector<Pass> parse_passes(std::string_view list, const Task& task);

/// The pass main and `orders` - 1 rotations of the classes, as evenly spread as can be. Throws
/// Error::usage unless 1 <= orders <= number of classes.
std::vector<Pass> spread_orders(int orders, const Task& task);

/// The pass main and the next `count` - 1 orientations of the picture: up to 4 turned, up to 8 also
/// mirrored. Throws Error::usage unless 1 <= count <= kOrientations, and as parse_passes() does.
std::vector<Pass> orientation_passes(int count, const Task& task);

}  // namespace firstlight
