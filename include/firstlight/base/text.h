#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Small string helpers that several modules share. All are pure and safe from any thread.
namespace firstlight::text {

std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::vector<std::string> split(std::string_view s, char separator);
std::string trim(std::string_view s);
/// ASCII lower case; other bytes unchanged.
std::string lower(std::string_view s);
/// Every occurrence of `from` replaced by `to`.
std::string replace_all(std::string s, std::string_view from, std::string_view to);
/// The candidate with the smallest edit distance to `word`, if that is at most a third of its
/// length (at least 1): for "did you mean".
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);
/// Order of names in which runs of digits count as numbers: "a2" before "a10". Strict weak order.
bool natural_less(std::string_view a, std::string_view b);
/// Whole-string parse; nullopt on anything else than one number.
std::optional<std::int64_t> parse_int(std::string_view s);
std::optional<double> parse_double(std::string_view s);
/// Percent-decoding as in RFC 3986; nullopt on a malformed escape.
std::optional<std::string> percent_decode(std::string_view s);
std::string percent_encode(std::string_view s);
/// The whole file; throws Error::input.
std::string read_file(const std::string& path);
/// Writes `content` to a neighbour file, syncs it and renames it over `path`; throws
/// Error::internal (a full disk among the causes) and leaves the old file as it was.
void write_file_atomically(const std::string& path, std::string_view content);

}  // namespace firstlight::text
