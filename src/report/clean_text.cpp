#include "clean_text.h"

namespace firstlight {
namespace {

/// Length of the well-formed UTF-8 sequence at `i`, 0 where there is none (RFC 3629).
std::size_t sequence_length(std::string_view s, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(s[k]); };
  const auto continues = [&](std::size_t k) { return k < s.size() && (byte(k) & 0xC0) == 0x80; };
  const unsigned char first = byte(i);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(i + 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(i + 1) || !continues(i + 2)) return 0;
    if (first == 0xE0 && byte(i + 1) < 0xA0) return 0;  // overlong
    if (first == 0xED && byte(i + 1) > 0x9F) return 0;  // surrogate
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(i + 1) || !continues(i + 2) || !continues(i + 3)) return 0;
    if (first == 0xF0 && byte(i + 1) < 0x90) return 0;  // overlong
    if (first == 0xF4 && byte(i + 1) > 0x8F) return 0;  // beyond U+10FFFF
    return 4;
  }
  return 0;
}

bool printable(std::string_view sequence) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(sequence[k]); };
  switch (sequence.size()) {
    case 0:
      return false;
    case 1:
      return (byte(0) >= 0x20 && byte(0) != 0x7F) || byte(0) == '\n' || byte(0) == '\t' ||
             byte(0) == '\r';
    case 2:
      return byte(0) != 0xC2 || byte(1) >= 0xA0;  // C1 controls
    case 3:
      return sequence != "\xEF\xBF\xBE" && sequence != "\xEF\xBF\xBF";
    default:
      return true;
  }
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text, i);
    const std::string_view sequence = text.substr(i, length);
    out += printable(sequence) ? sequence : std::string_view("\xEF\xBF\xBD");
    i += length == 0 ? 1 : length;
  }
  return out;
}

}  // namespace firstlight
