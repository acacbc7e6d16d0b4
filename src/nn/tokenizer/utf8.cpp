#include "tokenizer/utf8.h"

#include <algorithm>

#include "firstlight/base/text.h"

namespace firstlight::nn {
namespace {

unsigned byte_at(std::string_view s, std::size_t i) { return static_cast<unsigned char>(s[i]); }

}  // namespace

std::string to_valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const auto [length, well_formed] = text::utf8_sequence(bytes.substr(i));
    out.append(well_formed ? bytes.substr(i, length) : std::string_view("\xEF\xBF\xBD"));
    i += length;
  }
  return out;
}

std::size_t utf8_length(std::string_view text, std::size_t at) {
  const unsigned lead = byte_at(text, at);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(length, text.size() - at);
}

char32_t utf8_decode(std::string_view text, std::size_t at) {
  const std::size_t length = utf8_length(text, at);
  const unsigned lead = byte_at(text, at);
  if (length == 1) return lead;
  char32_t c = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) c = (c << 6) | (byte_at(text, at + i) & 0x3FU);
  return c;
}

std::size_t utf8_previous(std::string_view text, std::size_t at) {
  --at;
  while (at > 0 && (byte_at(text, at) & 0xC0U) == 0x80U) --at;
  return at;
}

std::size_t utf8_count(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace firstlight::nn
