#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// UTF-8 by hand. All functions but `to_valid_utf8` expect valid UTF-8.
namespace firstlight::nn {

/// `bytes` with each maximal ill-formed part replaced by U+FFFD (Unicode 15, 3.9, "U+FFFD
/// substitution of maximal subparts"), which is what Rust's from_utf8_lossy does.
std::string to_valid_utf8(std::string_view bytes);

/// Bytes of the character that starts at `at` (1 to 4, never past the end).
std::size_t utf8_length(std::string_view text, std::size_t at);
/// The character that starts at `at`.
char32_t utf8_decode(std::string_view text, std::size_t at);
/// Start of the last character before `at` > 0.
std::size_t utf8_previous(std::string_view text, std::size_t at);
std::size_t utf8_count(std::string_view text);

}  // namespace firstlight::nn
