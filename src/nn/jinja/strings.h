#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Python's string operations on UTF-8; positions count characters.
namespace firstlight::nn {

std::string string_repr(std::string_view s);
std::size_t string_length(std::string_view s);
/// s[begin:end] by characters, begin <= end within the length.
std::string substring(std::string_view s, std::size_t begin, std::size_t end);
std::vector<std::string> characters(std::string_view s);

/// Strips characters out of `chars` (white space where it is not given).
std::string strip(std::string_view s, const std::optional<std::string>& chars, bool left,
                  bool right);
/// str.split; no separator means runs of white space. `limit` < 0 means no limit.
std::vector<std::string> split_string(std::string_view s, const std::optional<std::string>& by,
                                      std::int64_t limit);
std::vector<std::string> rsplit_string(std::string_view s, const std::string& by,
                                       std::int64_t limit);
std::vector<std::string> split_lines(std::string_view s, bool keep_ends);
/// str.replace; `count` < 0 replaces all. The result may not exceed `max_bytes`.
std::string replace_string(std::string_view s, std::string_view from, std::string_view to,
                           std::int64_t count, std::size_t max_bytes);
std::string to_lower(std::string_view s);
std::string to_upper(std::string_view s);
/// First character upper case, the rest lower case.
std::string capitalize(std::string_view s);
/// str.title: every run of letters capitalised.
std::string title_words(std::string_view s);
/// The filter `title`: capitalised after white space, hyphens and opening brackets.
std::string title_filter(std::string_view s);
bool is_python_space(char32_t c);

}  // namespace firstlight::nn
