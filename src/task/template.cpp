#include "template.h"

#include <algorithm>
#include <array>
#include <utility>

namespace firstlight {

std::vector<TemplatePiece> split_template(std::string_view text) {
  std::vector<TemplatePiece> pieces;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) pieces.push_back({false, std::exchange(literal, {}), {}});
  };
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("{{") || rest.starts_with("}}")) {
      literal.push_back(rest[0]);
      i += 2;
    } else if (rest.starts_with(kImageMarker)) {
      flush();
      pieces.push_back({true, "image", std::string(kImageMarker)});
      i += kImageMarker.size();
    } else if (rest[0] == '{') {
      const std::size_t end = rest.find_first_of("{}\n", 1);
      if (end == std::string_view::npos || rest[end] != '}') {
        throw TemplateError{"'{' without its '}'", std::string(rest.substr(0, end))};
      }
      flush();
      pieces.push_back(
          {true, std::string(rest.substr(1, end - 1)), std::string(rest.substr(0, end + 1))});
      i += end + 1;
    } else if (rest[0] == '}') {
      throw TemplateError{"'}' without its '{'", "}"};
    } else {
      literal.push_back(rest[0]);
      ++i;
    }
  }
  flush();
  return pieces;
}

std::string expand_template(std::string_view text,
                            const std::function<std::string(const std::string&)>& value) {
  std::string out;
  for (const TemplatePiece& piece : split_template(text)) {
    out += piece.is_marker ? value(piece.text) : piece.text;
  }
  return out;
}

namespace {

/// `line` without `marker` and what sets it off.
std::string without_marker(std::string line, std::string_view marker) {
  for (std::size_t at = line.find(marker); at != std::string::npos; at = line.find(marker)) {
    std::string before = line.substr(0, at);
    std::string after = line.substr(at + marker.size());
    static constexpr std::array<std::string_view, 9> kMarks = {" ", "\t", ":", ";", ",",
                                                               "-", "–",  "—", "("};
    bool opened = false;
    for (bool trimmed = true; trimmed;) {
      trimmed = false;
      for (const std::string_view mark : kMarks) {
        if (!before.ends_with(mark)) continue;
        before.resize(before.size() - mark.size());
        opened = opened || mark == "(";
        trimmed = true;
      }
    }
    if (opened && after.starts_with(")")) after.erase(0, 1);
    // Without a text before it the marks after it belong to it.
    if (before.empty()) after.erase(0, std::min(after.find_first_not_of(" :;,-"), after.size()));
    line = before + after;
  }
  return line;
}

}  // namespace

std::string line_without_description(std::string_view class_line) {
  static constexpr std::string_view kMarker = "{description}";
  std::string line(class_line);
  const std::size_t at = line.find(kMarker);
  const bool named =
      line.find("{name}") != std::string::npos || line.find("{key}") != std::string::npos;
  if (at != std::string::npos && !named) return line.replace(at, kMarker.size(), "{name}");
  return without_marker(std::move(line), kMarker);
}

std::string line_without_words(std::string_view class_line) {
  std::string line(class_line);
  for (const std::string_view marker : {"{description}", "{name}", "{key}"}) {
    line = without_marker(std::move(line), marker);
  }
  return line;
}

}  // namespace firstlight
