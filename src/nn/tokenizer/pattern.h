#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace firstlight::nn {

/// A stretch of a text; `matched` where the pattern found it.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool matched = false;
};

/// A regular expression in Oniguruma's syntax, which tokenizer.json uses, run by PCRE2. Immutable;
/// safe from any thread. Character classes are those of Unicode 14 (PCRE2 10.42).
class TextPattern {
 public:
  /// Throws Error::input with `where` for what PCRE2 cannot compile or would read differently.
  static TextPattern regex(const std::string& expression, const std::string& where);
  /// A pattern that matches exactly this text.
  static TextPattern literal(const std::string& text, const std::string& where);

  /// All of `text` in order, cut into matches and what lies between them. Empty matches appear as
  /// empty spans, except right after another match. Throws Error::input where the engine's limits
  /// are reached.
  std::vector<Span> find(std::string_view text) const;

 private:
  struct Code;
  TextPattern(std::shared_ptr<const Code> code, std::string where)
      : code_(std::move(code)), where_(std::move(where)) {}
  std::shared_ptr<const Code> code_;
  std::string where_;
};

/// What becomes of the matches when a text is split at them.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

/// The pieces of a text that `spans` covers. Empty pieces may be among them.
std::vector<Span> split_spans(std::vector<Span> spans, SplitBehavior behavior);

/// `spans` of the characters of `text` for which `is_match` holds, one span each, and the stretches
/// between.
std::vector<Span> find_characters(std::string_view text, bool (*is_match)(char32_t));

}  // namespace firstlight::nn
