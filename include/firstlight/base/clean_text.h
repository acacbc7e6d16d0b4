#pragma once

#include <string>
#include <string_view>

namespace firstlight {

/// Text that every text format can hold: bytes that are not UTF-8, control characters except tab
/// and line breaks, and the non-characters U+FFFE and U+FFFF become U+FFFD.
std::string clean_text(std::string_view text);

}  // namespace firstlight
