#pragma once

#include <cstddef>

#include "firstlight/base/random.h"

namespace firstlight::train {

/// Position of an item drawn with these weights.
template <typename Weight, typename Items>
std::size_t weighted(const Items& items, Weight weight, Random& random) {
  double total = 0;
  for (const auto& item : items) total += weight(item);
  double left = random.uniform(0, total);
  std::size_t index = 0;
  for (const auto& item : items) {
    left -= weight(item);
    if (left < 0) return index;
    ++index;
  }
  return index - 1;
}

}  // namespace firstlight::train
