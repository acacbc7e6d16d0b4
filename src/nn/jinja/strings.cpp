#include "jinja/strings.h"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>

#include <array>
#include <cstdio>
#include <functional>

#include "firstlight/base/text.h"
#include "jinja/value.h"
#include "tokenizer/unicode.h"
#include "tokenizer/utf8.h"

namespace firstlight::nn {
namespace {

bool is_printable(char32_t c) {
  if (c == ' ') return true;
  constexpr std::uint32_t kHidden = U_GC_C_MASK | U_GC_Z_MASK;
  return (U_MASK(u_charType(static_cast<UChar32>(c))) & kHidden) == 0;
}

/// Byte offset of character `index`, or the end.
std::size_t byte_offset(std::string_view s, std::size_t index) {
  std::size_t at = 0;
  for (; index > 0 && at < s.size(); --index) at += utf8_length(s, at);
  return at;
}

using CaseFunction = std::function<void(icu::StringPiece, icu::ByteSink&, UErrorCode&)>;

std::string change_case(std::string_view s, const CaseFunction& change) {
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  UErrorCode status = U_ZERO_ERROR;
  change(icu::StringPiece(s.data(), static_cast<std::int32_t>(s.size())), sink, status);
  if (U_FAILURE(status)) template_failure(std::string("change of case: ") + u_errorName(status));
  return out;
}

}  // namespace

bool is_python_space(char32_t c) { return is_white_space(c) || (c >= 0x1C && c <= 0x1F); }

std::string string_repr(std::string_view s) {
  const bool double_quotes =
      s.find('\'') != std::string_view::npos && s.find('"') == std::string_view::npos;
  const char quote = double_quotes ? '"' : '\'';
  std::string out(1, quote);
  for (std::size_t i = 0; i < s.size(); i += utf8_length(s, i)) {
    const char32_t c = utf8_decode(s, i);
    if (c == static_cast<unsigned char>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      out.append(s, i, utf8_length(s, i));
    } else {
      std::array<char, 16> text{};
      const char* format = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
      std::snprintf(text.data(), text.size(), format, static_cast<unsigned>(c));
      out += text.data();
    }
  }
  out += quote;
  return out;
}

std::size_t string_length(std::string_view s) { return utf8_count(s); }

std::string substring(std::string_view s, std::size_t begin, std::size_t end) {
  const std::size_t from = byte_offset(s, begin);
  const std::size_t length = byte_offset(s.substr(from), end - begin);
  return std::string(s.substr(from, length));
}

std::vector<std::string> characters(std::string_view s) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < s.size(); i += utf8_length(s, i)) {
    out.emplace_back(s.substr(i, utf8_length(s, i)));
  }
  return out;
}

std::string strip(std::string_view s, const std::optional<std::string>& chars, bool left,
                  bool right) {
  const auto goes = [&](std::size_t at) {
    if (!chars) return is_python_space(utf8_decode(s, at));
    return chars->find(s.substr(at, utf8_length(s, at))) != std::string::npos;
  };
  std::size_t begin = 0;
  std::size_t end = s.size();
  while (left && begin < end && goes(begin)) begin += utf8_length(s, begin);
  while (right && begin < end && goes(utf8_previous(s, end))) end = utf8_previous(s, end);
  return std::string(s.substr(begin, end - begin));
}

std::vector<std::string> split_string(std::string_view s, const std::optional<std::string>& by,
                                      std::int64_t limit) {
  std::vector<std::string> out;
  const auto full = [&] { return limit >= 0 && static_cast<std::int64_t>(out.size()) >= limit; };
  if (by) {
    if (by->empty()) template_failure("empty separator");
    std::size_t at = 0;
    for (std::size_t next = s.find(*by); next != std::string_view::npos && !full();
         next = s.find(*by, at)) {
      out.emplace_back(s.substr(at, next - at));
      at = next + by->size();
    }
    out.emplace_back(s.substr(at));
    return out;
  }
  std::size_t at = 0;
  const auto skip_spaces = [&] {
    while (at < s.size() && is_python_space(utf8_decode(s, at))) at += utf8_length(s, at);
  };
  for (skip_spaces(); at < s.size(); skip_spaces()) {
    if (full()) {
      out.push_back(strip(s.substr(at), std::nullopt, false, true));
      break;
    }
    const std::size_t begin = at;
    while (at < s.size() && !is_python_space(utf8_decode(s, at))) at += utf8_length(s, at);
    out.emplace_back(s.substr(begin, at - begin));
  }
  return out;
}

std::vector<std::string> rsplit_string(std::string_view s, const std::string& by,
                                       std::int64_t limit) {
  if (by.empty()) template_failure("empty separator");
  std::vector<std::string> out;
  std::size_t end = s.size();
  while (limit < 0 || static_cast<std::int64_t>(out.size()) < limit) {
    if (end < by.size()) break;
    const std::size_t at = s.substr(0, end).rfind(by);
    if (at == std::string_view::npos) break;
    out.emplace_back(s.substr(at + by.size(), end - at - by.size()));
    end = at;
  }
  out.emplace_back(s.substr(0, end));
  return {out.rbegin(), out.rend()};
}

std::vector<std::string> split_lines(std::string_view s, bool keep_ends) {
  const auto is_break = [](char32_t c) {
    return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
           c == 0x2029;
  };
  std::vector<std::string> out;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < s.size();) {
    const char32_t c = utf8_decode(s, i);
    std::size_t next = i + utf8_length(s, i);
    if (!is_break(c)) {
      i = next;
      continue;
    }
    if (c == '\r' && next < s.size() && s[next] == '\n') ++next;
    out.emplace_back(s.substr(begin, (keep_ends ? next : i) - begin));
    begin = i = next;
  }
  if (begin < s.size()) out.emplace_back(s.substr(begin));
  return out;
}

std::string replace_string(std::string_view s, std::string_view from, std::string_view to,
                           std::int64_t count, std::size_t max_bytes) {
  std::string out;
  std::size_t at = 0;
  const auto append = [&](std::string_view part) {
    if (out.size() + part.size() > max_bytes) template_failure("a text grows too large");
    out.append(part);
  };
  while (count != 0) {
    std::size_t next = 0;
    if (from.empty()) {
      // Python puts the new text before every character and at the end.
      append(to);
      if (at >= s.size()) return out;
      next = at + utf8_length(s, at);
      append(s.substr(at, next - at));
    } else {
      next = s.find(from, at);
      if (next == std::string_view::npos) break;
      append(s.substr(at, next - at));
      append(to);
      next += from.size();
    }
    at = next;
    if (count > 0) --count;
  }
  append(s.substr(at));
  return out;
}

std::string to_lower(std::string_view s) {
  return change_case(s, [](icu::StringPiece in, icu::ByteSink& out, UErrorCode& status) {
    icu::CaseMap::utf8ToLower("", 0, in, out, nullptr, status);
  });
}

std::string to_upper(std::string_view s) {
  return change_case(s, [](icu::StringPiece in, icu::ByteSink& out, UErrorCode& status) {
    icu::CaseMap::utf8ToUpper("", 0, in, out, nullptr, status);
  });
}

std::string capitalize(std::string_view s) {
  if (s.empty()) return {};
  const std::size_t first = utf8_length(s, 0);
  std::string head;
  text::append_utf8(head,
                    static_cast<char32_t>(u_totitle(static_cast<UChar32>(utf8_decode(s, 0)))));
  return head + to_lower(s).substr(to_lower(s.substr(0, first)).size());
}

std::string title_words(std::string_view s) {
  std::string out;
  std::size_t begin = 0;
  const auto flush = [&](std::size_t end) {
    out += capitalize(s.substr(begin, end - begin));
    begin = end;
  };
  bool in_word = false;
  for (std::size_t i = 0; i < s.size(); i += utf8_length(s, i)) {
    const auto c = static_cast<UChar32>(utf8_decode(s, i));
    const bool cased = u_isULowercase(c) || u_isUUppercase(c) || u_istitle(c);
    if (cased != in_word) flush(i);
    in_word = cased;
  }
  flush(s.size());
  return out;
}

std::string title_filter(std::string_view s) {
  const auto opens = [](char32_t c) {
    return c == '-' || c == '(' || c == '{' || c == '[' || c == '<' || is_python_space(c);
  };
  std::string out;
  std::size_t i = 0;
  while (i < s.size()) {
    const bool opening = opens(utf8_decode(s, i));
    const std::size_t begin = i;
    while (i < s.size() && opens(utf8_decode(s, i)) == opening) i += utf8_length(s, i);
    const std::string_view run = s.substr(begin, i - begin);
    if (opening) {
      out += run;
    } else {
      const std::size_t first = utf8_length(run, 0);
      out += to_upper(run.substr(0, first)) + to_lower(run.substr(first));
    }
  }
  return out;
}

}  // namespace firstlight::nn
