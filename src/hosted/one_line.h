#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace firstlight::hosted {

/// What a server wrote, fit to be shown and stored: one line of printable UTF-8, cut to about
/// `limit` bytes. Control characters and those that reorder text become U+FFFD or blanks.
std::string one_line(std::string_view text, std::size_t limit);

}  // namespace firstlight::hosted
