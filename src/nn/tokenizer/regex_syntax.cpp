#include "tokenizer/regex_syntax.h"

#include <cctype>

#include "firstlight/base/error.h"

namespace firstlight::nn {
namespace {

// PCRE2's \s holds U+180E, its \w lacks marks, and its \h is horizontal space, not a digit.
constexpr const char* kSpace =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr const char* kWord = R"(\p{L}\p{M}\p{N}\p{Pc})";
constexpr const char* kHexDigit = "0-9a-fA-F";

class Translator {
 public:
  Translator(const std::string& expression, const std::string& where)
      : in_(expression), where_(where) {}

  std::string run() {
    while (at_ < in_.size()) step();
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error::input(where_, "regular expression with " + what + " is not supported");
  }

  void step() {
    const char c = in_[at_];
    if (c == '\\') {
      escape();
    } else if (in_class_) {
      class_character(c);
    } else if (c == '[') {
      open_class();
    } else if (c == '}' && at_ + 1 < in_.size() && in_[at_ + 1] == '+' && in_interval_) {
      refuse("a possessive interval");  // Oniguruma repeats the interval instead
    } else {
      if (c == '{') in_interval_ = at_ + 1 < in_.size() && (std::isdigit(in_[at_ + 1]) != 0);
      if (c == '(' && in_.compare(at_, 3, "(?m") == 0) refuse("the option m");
      out_.push_back(c);
      ++at_;
    }
  }

  void open_class() {
    out_.push_back('[');
    ++at_;
    in_class_ = true;
    if (at_ < in_.size() && in_[at_] == '^') {
      out_.push_back('^');
      ++at_;
    }
    if (at_ < in_.size() && in_[at_] == ']') {  // a literal bracket in both syntaxes
      out_.append("\\]");
      ++at_;
    }
  }

  void class_character(char c) {
    if (c == '[') {
      const std::size_t end = in_.find(":]", at_);
      if (in_.compare(at_, 2, "[:") != 0 || end == std::string::npos) refuse("a nested class");
      out_.append(in_, at_, end + 2 - at_);
      at_ = end + 2;
      return;
    }
    if (in_.compare(at_, 2, "&&") == 0) refuse("an intersection of classes");
    if (c == ']') in_class_ = false;
    out_.push_back(c);
    ++at_;
  }

  void escape() {
    if (at_ + 1 >= in_.size()) refuse("a backslash at its end");
    const char c = in_[at_ + 1];
    switch (c) {
      case 's':
      case 'S':
        shorthand(kSpace, c == 'S');
        return;
      case 'w':
      case 'W':
        shorthand(kWord, c == 'W');
        return;
      case 'h':
      case 'H':
        shorthand(kHexDigit, c == 'H');
        return;
      case 'u':
        code_point();
        return;
      case 'p':
      case 'P':
        if (property()) return;
        break;
      case 'b':
      case 'B':
        if (!in_class_) refuse("a word boundary");
        break;
      case 'C':
      case 'G':
      case 'K':
      case 'O':
      case 'X':
      case 'R':
      case 'N':
      case 'g':
      case 'k':
      case 'y':
      case 'Y':
        refuse(std::string("\\") + c);
      default:
        break;
    }
    out_.append(in_, at_, 2);
    at_ += 2;
  }

  /// A script by name: PCRE2 would take its extensions too. General categories have two letters at
  /// most and mean the same.
  bool property() {
    const std::size_t end = in_.find('}', at_);
    if (at_ + 2 >= in_.size() || in_[at_ + 2] != '{' || end == std::string::npos) return false;
    std::string name = in_.substr(at_ + 3, end - at_ - 3);
    const std::string negation = name.starts_with('^') ? "^" : "";
    name.erase(0, negation.size());
    if (name.size() <= 2 || name == "Any") return false;
    out_.append(in_, at_, 3).append(negation).append("sc:").append(name).append("}");
    at_ = end + 1;
    return true;
  }

  void shorthand(const char* members, bool negated) {
    if (in_class_ && negated) refuse("a negated shorthand inside a class");
    if (in_class_) {
      out_.append(members);
    } else {
      out_.append(negated ? "[^" : "[").append(members).append("]");
    }
    at_ += 2;
  }

  void code_point() {
    if (at_ + 6 > in_.size()) refuse("an incomplete \\u");
    out_.append("\\x{").append(in_, at_ + 2, 4).append("}");
    at_ += 6;
  }

  const std::string& in_;
  const std::string& where_;
  std::string out_;
  std::size_t at_ = 0;
  bool in_class_ = false;
  bool in_interval_ = false;
};

}  // namespace

std::string oniguruma_to_pcre2(const std::string& expression, const std::string& where) {
  return Translator(expression, where).run();
}

}  // namespace firstlight::nn
