#include "firstlight/base/clean_text.h"

#include "firstlight/base/text.h"

namespace firstlight {
namespace {

bool printable(std::string_view sequence) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(sequence[k]); };
  switch (sequence.size()) {
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

std::string clean_text(std::string_view content) {
  std::string out;
  out.reserve(content.size());
  for (std::size_t i = 0; i < content.size();) {
    const auto [length, well_formed] = text::utf8_sequence(content.substr(i));
    const std::string_view sequence = content.substr(i, length);
    out += well_formed && printable(sequence) ? sequence : std::string_view("\xEF\xBF\xBD");
    i += length;
  }
  return out;
}

}  // namespace firstlight
