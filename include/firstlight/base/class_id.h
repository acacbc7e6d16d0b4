#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace firstlight {

/// The place of a class in its task's list, from 0. Never a bare int, so that it cannot be mixed up
/// with the number that a prompt shows (which depends on the order of the classes there).
struct ClassId {
  std::int32_t value = 0;

  constexpr std::size_t index() const { return static_cast<std::size_t>(value); }
  friend constexpr auto operator<=>(ClassId, ClassId) = default;
};

}  // namespace firstlight
