#include "jinja/lexer.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "firstlight/base/text.h"
#include "jinja/strings.h"
#include "jinja/value.h"
#include "tokenizer/utf8.h"

namespace firstlight::nn {
namespace {

using Kind = TemplateToken::Kind;

std::string normalize_newlines(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '\r') {
      out += '\n';
      if (i + 1 < s.size() && s[i + 1] == '\n') ++i;
    } else {
      out += s[i];
    }
  }
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

class TemplateLexer {
 public:
  explicit TemplateLexer(std::string source) : source_(std::move(source)) {
    if (source_.ends_with('\n')) source_.pop_back();  // keep_trailing_newline is off
  }

  std::vector<TemplateToken> run() {
    while (at_ < source_.size()) data();
    push(Kind::kEnd);
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw TemplateFailure{what, line_}; }

  void push(Kind kind, std::string text = {}) {
    tokens_.push_back(TemplateToken{kind, std::move(text), 0, 0, line_});
  }

  void advance(std::size_t to) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         source_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    at_ = to;
  }

  void skip_spaces() {
    std::size_t to = at_;
    while (to < source_.size() && is_python_space(utf8_decode(source_, to))) {
      to += utf8_length(source_, to);
    }
    advance(to);
  }

  bool starts(std::string_view text) const {
    return std::string_view(source_).substr(at_).starts_with(text);
  }

  /// Text up to the next tag, and that tag.
  void data() {
    std::size_t tag = at_;
    while (true) {
      tag = source_.find('{', tag);
      if (tag == std::string::npos || tag + 1 >= source_.size()) {
        push(Kind::kData, source_.substr(at_));
        advance(source_.size());
        return;
      }
      const char next = source_[tag + 1];
      if (next == '{' || next == '%' || next == '#') break;
      ++tag;
    }
    const char type = source_[tag + 1];
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    std::string text = source_.substr(at_, tag - at_);
    strip_before_tag(text, type, sign);
    if (!text.empty()) push(Kind::kData, std::move(text));
    advance(tag + (sign == '-' || sign == '+' ? 3 : 2));
    if (type == '#') {
      comment();
    } else if (type == '{') {
      push(Kind::kVariableBegin);
      expression("}}", Kind::kVariableEnd);
    } else if (raw_begins()) {
      raw();
    } else {
      push(Kind::kBlockBegin);
      expression("%}", Kind::kBlockEnd);
    }
  }

  /// `-` takes all white space before the tag, lstrip_blocks what stands before it in its line.
  void strip_before_tag(std::string& text, char type, char sign) const {
    if (sign == '-') {
      text = strip(text, std::nullopt, false, true);
    } else if (sign != '+' && type != '{') {
      const std::size_t newline = text.rfind('\n');
      const std::size_t begin = newline == std::string::npos ? 0 : newline + 1;
      if (begin == 0 && !line_starts_) return;
      if (strip(std::string_view(text).substr(begin), std::nullopt, true, false).empty()) {
        text.resize(begin);
      }
    }
  }

  /// After the end of a tag: `-` takes white space, trim_blocks one newline.
  void after_tag(char sign, bool trims) {
    const std::size_t before = at_;
    if (sign == '-') {
      skip_spaces();
    } else if (sign != '+' && trims && at_ < source_.size() && source_[at_] == '\n') {
      advance(at_ + 1);
    }
    line_starts_ = at_ > before && source_[at_ - 1] == '\n';
  }

  void comment() {
    const std::size_t end = source_.find("#}", at_);
    if (end == std::string::npos) fail("Missing end of comment tag");
    const char sign = end > at_ ? source_[end - 1] : '\0';
    advance(end + 2);
    after_tag(sign, true);
  }

  bool raw_begins() {
    std::size_t i = at_;
    while (i < source_.size() && std::isspace(static_cast<unsigned char>(source_[i])) != 0) ++i;
    if (source_.compare(i, 3, "raw") != 0) return false;
    i += 3;
    while (i < source_.size() && std::isspace(static_cast<unsigned char>(source_[i])) != 0) ++i;
    const bool minus = i < source_.size() && source_[i] == '-';
    if (source_.compare(i + (minus ? 1 : 0), 2, "%}") != 0) return false;
    advance(i + (minus ? 3 : 2));
    if (minus) skip_spaces();
    return true;
  }

  void raw() {
    for (std::size_t tag = source_.find("{%", at_); tag != std::string::npos;
         tag = source_.find("{%", tag + 2)) {
      std::size_t i = tag + 2;
      const char sign = i < source_.size() ? source_[i] : '\0';
      if (sign == '-' || sign == '+') ++i;
      while (i < source_.size() && std::isspace(static_cast<unsigned char>(source_[i])) != 0) ++i;
      if (source_.compare(i, 6, "endraw") != 0) continue;
      i += 6;
      while (i < source_.size() && std::isspace(static_cast<unsigned char>(source_[i])) != 0) ++i;
      const char end_sign = i < source_.size() ? source_[i] : '\0';
      if (end_sign == '-' || end_sign == '+') ++i;
      if (source_.compare(i, 2, "%}") != 0) continue;
      std::string text = source_.substr(at_, tag - at_);
      line_starts_ = false;
      strip_before_tag(text, '%', sign);
      if (!text.empty()) push(Kind::kData, std::move(text));
      advance(i + 2);
      after_tag(end_sign, true);
      return;
    }
    fail("Missing end of raw directive");
  }

  void expression(std::string_view end, Kind end_kind) {
    std::vector<char> open;
    while (true) {
      skip_spaces();
      if (at_ >= source_.size()) fail("unexpected end of template inside a tag");
      if (open.empty()) {
        const char sign = source_[at_];
        const bool signed_end = (sign == '-' || (sign == '+' && end_kind == Kind::kBlockEnd)) &&
                                source_.compare(at_ + 1, 2, end) == 0;
        if (signed_end || starts(end)) {
          push(end_kind);
          advance(at_ + (signed_end ? 3 : 2));
          after_tag(signed_end ? sign : '\0', end_kind == Kind::kBlockEnd);
          return;
        }
      }
      token(open);
    }
  }

  void token(std::vector<char>& open) {
    const char c = source_[at_];
    if (is_digit(c)) {
      number();
    } else if (is_name_start(c)) {
      std::size_t to = at_;
      while (to < source_.size() && (is_name_start(source_[to]) || is_digit(source_[to]))) ++to;
      push(Kind::kName, source_.substr(at_, to - at_));
      advance(to);
    } else if (c == '\'' || c == '"') {
      string(c);
    } else {
      op(open);
    }
  }

  void op(std::vector<char>& open) {
    static constexpr std::array<std::string_view, 26> kOperators = {
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
        "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    const auto* found = std::find_if(kOperators.begin(), kOperators.end(),
                                     [this](std::string_view o) { return starts(o); });
    if (found == kOperators.end()) {
      fail("unexpected char " + string_repr(source_.substr(at_, utf8_length(source_, at_))));
    }
    const char first = (*found)[0];
    if (first == '(' || first == '[' || first == '{') {
      open.push_back(first == '(' ? ')' : first == '[' ? ']' : '}');
      if (open.size() > 100) fail("nested too deeply");
    } else if (first == ')' || first == ']' || first == '}') {
      if (open.empty() || open.back() != first) fail("unexpected '" + std::string(*found) + "'");
      open.pop_back();
    }
    push(Kind::kOperator, std::string(*found));
    advance(at_ + found->size());
  }

  void number() {
    std::string digits;
    std::size_t to = at_;
    const auto take = [&] {
      while (to < source_.size() &&
             (is_digit(source_[to]) ||
              (source_[to] == '_' && to + 1 < source_.size() && is_digit(source_[to + 1])))) {
        if (source_[to] != '_') digits += source_[to];
        ++to;
      }
    };
    take();
    bool is_float = false;
    const auto next_is_digit = [&](std::size_t i) {
      return i < source_.size() && is_digit(source_[i]);
    };
    // "x.0.1" indexes twice: after a dot a number has no fraction.
    const bool after_dot = !tokens_.empty() && tokens_.back().kind == Kind::kOperator &&
                           tokens_.back().text == "." && at_ > 0 && source_[at_ - 1] == '.';
    if (!after_dot && to < source_.size() && source_[to] == '.' && next_is_digit(to + 1)) {
      is_float = true;
      digits += '.';
      ++to;
      take();
    }
    if (!after_dot && to < source_.size() && (source_[to] == 'e' || source_[to] == 'E')) {
      const bool sign =
          to + 1 < source_.size() && (source_[to + 1] == '+' || source_[to + 1] == '-');
      if (next_is_digit(to + (sign ? 2 : 1))) {
        is_float = true;
        digits += 'e';
        if (sign) digits += source_[to + 1];
        to += sign ? 2 : 1;
        take();
      }
    }
    TemplateToken token{is_float ? Kind::kFloat : Kind::kInteger, digits, 0, 0, line_};
    if (is_float) {
      token.number = std::strtod(digits.c_str(), nullptr);
    } else if (digits.size() > 18) {
      fail("the number " + digits + " is too large");
    } else {
      token.integer = std::strtoll(digits.c_str(), nullptr, 10);
    }
    tokens_.push_back(std::move(token));
    advance(to);
  }

  void string(char quote) {
    std::string value;
    std::size_t i = at_ + 1;
    for (; i < source_.size() && source_[i] != quote; ++i) {
      if (source_[i] != '\\') {
        value += source_[i];
        continue;
      }
      if (++i >= source_.size()) break;
      i = escape(i, value);
    }
    if (i >= source_.size()) fail("unexpected char " + string_repr(std::string(1, quote)));
    push(Kind::kString, std::move(value));
    advance(i + 1);
  }

  /// Appends what the escape whose letter stands at `i` means; returns its last position.
  std::size_t escape(std::size_t i, std::string& value) const {
    static constexpr std::string_view kLetters = "\\'\"abfnrtv";
    static constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";
    const char c = source_[i];
    if (c == '\n') return i;
    const std::size_t simple = kLetters.find(c);
    if (simple != std::string_view::npos) {
      value += kMeanings[simple];
      return i;
    }
    if (c >= '0' && c <= '7') {
      char32_t code = 0;
      std::size_t n = 0;
      for (; n < 3 && i + n < source_.size() && source_[i + n] >= '0' && source_[i + n] <= '7';
           ++n) {
        code = code * 8 + static_cast<char32_t>(source_[i + n] - '0');
      }
      text::append_utf8(value, code);
      return i + n - 1;
    }
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0) {
      value += '\\';
      value += c;
      return i;
    }
    const std::string hex = source_.substr(i + 1, digits);
    if (hex.size() < digits ||
        hex.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
      fail("truncated escape in a string");
    }
    const auto code = static_cast<char32_t>(std::strtoul(hex.c_str(), nullptr, 16));
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) fail("illegal Unicode character");
    text::append_utf8(value, code);
    return i + digits;
  }

  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_starts_ = true;
  std::vector<TemplateToken> tokens_;
};

}  // namespace

std::vector<TemplateToken> lex_template(const std::string& source) {
  return TemplateLexer(normalize_newlines(source)).run();
}

}  // namespace firstlight::nn
