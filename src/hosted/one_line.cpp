#include "one_line.h"

#include "firstlight/base/clean_text.h"
#include "firstlight/base/text.h"

namespace firstlight::hosted {
namespace {

/// Marks, embeddings, overrides and isolates of bidirectional text, and the line separators.
constexpr std::string_view kReordering[] = {
    "\xE2\x80\x8E", "\xE2\x80\x8F", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAA",
    "\xE2\x80\xAB", "\xE2\x80\xAC", "\xE2\x80\xAD", "\xE2\x80\xAE", "\xE2\x81\xA6",
    "\xE2\x81\xA7", "\xE2\x81\xA8", "\xE2\x81\xA9"};

}  // namespace

std::string one_line(std::string_view text, std::size_t limit) {
  const bool cut = text.size() > limit;
  std::size_t end = cut ? limit : text.size();
  while (cut && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  std::string out = clean_text(text.substr(0, end));
  for (char& c : out) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  for (const std::string_view mark : kReordering)
    out = text::replace_all(out, mark, "\xEF\xBF\xBD");
  out = text::trim(out);
  if (cut) out += "...";
  return out;
}

}  // namespace firstlight::hosted
