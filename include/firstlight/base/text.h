#pragma once

#include <cstddef>
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
/// What UTF-8 text begins with. Where it is not well formed, `length` is that of the maximal
/// ill-formed part (Unicode 15, table 3-7), which one U+FFFD stands for.
struct Utf8Sequence {
  std::size_t length = 0;  ///< 1 to 4 bytes; 0 only of an empty text
  bool well_formed = false;
};
Utf8Sequence utf8_sequence(std::string_view s);
/// Appends a code point up to U+10FFFF in UTF-8.
void append_utf8(std::string& out, char32_t code);
/// RFC 4180: in quotes where it holds a comma, a quote or a line break, quotes doubled.
std::string csv_field(std::string_view field);
/// Every occurrence of `from` replaced by `to`.
std::string replace_all(std::string s, std::string_view from, std::string_view to);
/// The candidate with the smallest edit distance to `word` (two neighbours exchanged count once),
/// if that is at most a third of its length (at least 1, and never all of it): for "did you mean".
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
std::string base64(std::string_view bytes);
/// Standard alphabet with padding, without white space; nullopt for anything else.
std::optional<std::string> base64_decode(std::string_view s);
/// The whole file; throws Error::input.
std::string read_file(const std::string& path);
/// Writes `content` to a neighbour file, syncs it and renames it over `path`; throws
/// Error::internal (a full disk among the causes) and leaves the old file as it was.
void write_file_atomically(const std::string& path, std::string_view content);

}  // namespace firstlight::text
