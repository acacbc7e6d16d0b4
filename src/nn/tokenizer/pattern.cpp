#include "tokenizer/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

#include "firstlight/base/error.h"
#include "tokenizer/regex_syntax.h"
#include "tokenizer/utf8.h"

namespace firstlight::nn {

struct TextPattern::Code {
  pcre2_code* code = nullptr;
  std::string literal;  ///< not empty: no regular expression is needed

  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(code); }
};

namespace {

std::string message_of(int error) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

struct MatchData {
  pcre2_match_data* data;
  explicit MatchData(const pcre2_code* code)
      : data(pcre2_match_data_create_from_pattern(code, nullptr)) {
    if (data == nullptr) throw Error::internal("regular expression", "out of memory");
  }
  MatchData(const MatchData&) = delete;
  MatchData& operator=(const MatchData&) = delete;
  ~MatchData() { pcre2_match_data_free(data); }
};

/// Where the pattern matches at or after `from`; false where it does not.
bool search(const pcre2_code* code, pcre2_match_data* data, std::string_view text, std::size_t from,
            Span& found, const std::string& where) {
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  int rc = pcre2_match(code, subject, text.size(), from, PCRE2_NO_UTF_CHECK, data, nullptr);
  if (rc == PCRE2_ERROR_JIT_STACKLIMIT) {
    rc = pcre2_match(code, subject, text.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data,
                     nullptr);
  }
  if (rc == PCRE2_ERROR_NOMATCH) return false;
  if (rc < 0) throw Error::input(where, "regular expression fails on this text: " + message_of(rc));
  const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(data);
  found = Span{offsets[0], offsets[1], true};
  return true;
}

void append_gap(std::vector<Span>& spans, std::size_t begin, std::size_t end) {
  if (begin < end) spans.push_back(Span{begin, end, false});
}

std::vector<Span> find_literal(std::string_view text, const std::string& literal) {
  std::vector<Span> spans;
  std::size_t done = 0;
  for (std::size_t at = text.find(literal); at != std::string_view::npos;
       at = text.find(literal, done)) {
    append_gap(spans, done, at);
    done = at + literal.size();
    spans.push_back(Span{at, done, true});
  }
  append_gap(spans, done, text.size());
  return spans;
}

}  // namespace

TextPattern TextPattern::regex(const std::string& expression, const std::string& where) {
  if (expression.size() > 65536) {
    throw Error::input(where, "regular expression longer than 65536 bytes");
  }
  const std::string translated = oniguruma_to_pcre2(expression, where);
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto code = std::make_shared<Code>();
  // Oniguruma's ^ and $ always work by line.
  code->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                             PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                             &error, &offset, nullptr);
  if (code->code == nullptr) {
    throw Error::input(
        where, "regular expression '" + expression + "' cannot be compiled: " + message_of(error));
  }
  pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE);  // where there is no JIT, matching is slower
  return TextPattern(std::move(code), where);
}

TextPattern TextPattern::literal(const std::string& text, const std::string& where) {
  if (text.empty()) return regex(text, where);
  auto code = std::make_shared<Code>();
  code->literal = text;
  return TextPattern(std::move(code), where);
}

std::vector<Span> TextPattern::find(std::string_view text) const {
  if (text.empty()) return {Span{0, 0, false}};
  if (!code_->literal.empty()) return find_literal(text, code_->literal);
  MatchData data(code_->code);
  std::vector<Span> spans;
  std::size_t from = 0;
  std::size_t done = 0;
  bool any = false;
  Span match;
  while (from <= text.size() && search(code_->code, data.data, text, from, match, where_)) {
    if (match.begin == match.end && any && match.end == done) {
      from += from < text.size() ? utf8_length(text, from) : 1;
      continue;
    }
    append_gap(spans, done, match.begin);
    spans.push_back(match);
    from = done = match.end;
    any = true;
  }
  append_gap(spans, done, text.size());
  return spans;
}

std::vector<Span> split_spans(std::vector<Span> spans, SplitBehavior behavior) {
  std::vector<Span> out;
  bool previous = false;
  switch (behavior) {
    case SplitBehavior::kIsolated:
      return spans;
    case SplitBehavior::kRemoved:
      std::erase_if(spans, [](const Span& span) { return span.matched; });
      return spans;
    case SplitBehavior::kContiguous:
      for (const Span& span : spans) {
        if (span.matched == previous && !out.empty()) {
          out.back().end = span.end;
        } else {
          out.push_back(span);
        }
        previous = span.matched;
      }
      return out;
    case SplitBehavior::kMergedWithPrevious:
      for (const Span& span : spans) {
        if (span.matched && !previous && !out.empty()) {
          out.back().end = span.end;
        } else {
          out.push_back(span);
        }
        previous = span.matched;
      }
      return out;
    case SplitBehavior::kMergedWithNext:
      for (auto span = spans.rbegin(); span != spans.rend(); ++span) {
        if (span->matched && !previous && !out.empty()) {
          out.back().begin = span->begin;
        } else {
          out.push_back(*span);
        }
        previous = span->matched;
      }
      return {out.rbegin(), out.rend()};
  }
  return spans;
}

std::vector<Span> find_characters(std::string_view text, bool (*is_match)(char32_t)) {
  std::vector<Span> spans;
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t next = i + utf8_length(text, i);
    if (is_match(utf8_decode(text, i))) {
      append_gap(spans, done, i);
      spans.push_back(Span{i, next, true});
      done = next;
    }
    i = next;
  }
  append_gap(spans, done, text.size());
  return spans;
}

}  // namespace firstlight::nn
