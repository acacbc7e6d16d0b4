#include "tokenizer/pre_tokenizer.h"

#include <iterator>

#include "firstlight/base/text.h"
#include "tokenizer/pattern.h"
#include "tokenizer/unicode.h"
#include "tokenizer/utf8.h"

namespace firstlight::nn {
namespace {

/// Replaces every piece without id by the parts that `parts_of(piece)` gives.
template <typename PartsOf>
void split_each(std::vector<Piece>& pieces, const PartsOf& parts_of) {
  std::vector<Piece> out;
  out.reserve(pieces.size());
  for (Piece& piece : pieces) {
    if (piece.id >= 0) {
      out.push_back(std::move(piece));
      continue;
    }
    for (const Span& span : parts_of(piece)) {
      if (span.begin == span.end) continue;
      out.push_back(Piece{piece.text.substr(span.begin, span.end - span.begin),
                          piece.at_start && span.begin == 0, -1});
    }
  }
  pieces = std::move(out);
}

std::vector<Span> whole(const Piece& piece) { return {Span{0, piece.text.size(), false}}; }

class PreTokenizerSequence : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(const JsonObject& json) {
    const Json& list = json.array("pretokenizers");
    for (std::size_t i = 0; i < list.size(); ++i) {
      parts_.push_back(make_pre_tokenizer(
          JsonObject(list[i], json.where + ".pretokenizers[" + std::to_string(i) + "]")));
    }
  }
  void split(std::vector<Piece>& pieces) const override {
    for (const auto& part : parts_) part->split(pieces);
  }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> parts_;
};

class ByteLevelPreTokenizer : public PreTokenizer {
 public:
  explicit ByteLevelPreTokenizer(const JsonObject& json)
      : add_prefix_space_(json.flag("add_prefix_space")),
        use_regex_(json.flag_or("use_regex", true)),
        words_(TextPattern::regex(
            R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
            json.where)) {}
  void split(std::vector<Piece>& pieces) const override {
    split_each(pieces, [this](Piece& piece) {
      if (add_prefix_space_ && !piece.text.starts_with(' ')) piece.text.insert(0, 1, ' ');
      return use_regex_ ? words_.find(piece.text) : whole(piece);
    });
    for (Piece& piece : pieces) {
      if (piece.id < 0) piece.text = to_byte_level(piece.text);
    }
  }

 private:
  bool add_prefix_space_;
  bool use_regex_;
  TextPattern words_;
};

class MetaspacePreTokenizer : public PreTokenizer {
 public:
  explicit MetaspacePreTokenizer(const JsonObject& json)
      : replacement_(json.character("replacement", "\u2581")),
        scheme_(prepend_scheme_of(json)),
        split_(json.flag_or("split", true)),
        marks_(TextPattern::literal(replacement_, json.where)) {}
  void split(std::vector<Piece>& pieces) const override {
    split_each(pieces, [this](Piece& piece) {
      piece.text = text::replace_all(std::move(piece.text), " ", replacement_);
      const bool wanted =
          scheme_ == PrependScheme::kAlways || (scheme_ == PrependScheme::kFirst && piece.at_start);
      if (wanted && !piece.text.starts_with(replacement_)) piece.text.insert(0, replacement_);
      return split_ ? split_spans(marks_.find(piece.text), SplitBehavior::kMergedWithNext)
                    : whole(piece);
    });
  }

 private:
  std::string replacement_;
  PrependScheme scheme_;
  bool split_;
  TextPattern marks_;
};

SplitBehavior behavior_of(const JsonObject& json, const char* fallback) {
  const std::string name = json.text_or("behavior", fallback);
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  json.fail("unknown behavior '" + name + "'",
            "known: Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous");
}

class SplitPreTokenizer : public PreTokenizer {
 public:
  explicit SplitPreTokenizer(const JsonObject& json)
      : pattern_(pattern_of(json)),
        behavior_(behavior_of(json, "")),
        invert_(json.flag_or("invert", false)) {}
  void split(std::vector<Piece>& pieces) const override {
    split_each(pieces, [this](const Piece& piece) {
      std::vector<Span> spans = pattern_.find(piece.text);
      if (invert_) {
        for (Span& span : spans) span.matched = !span.matched;
      }
      return split_spans(std::move(spans), behavior_);
    });
  }

 private:
  TextPattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

/// Digits, Punctuation and WhitespaceSplit: splits at characters of one class.
class CharacterPreTokenizer : public PreTokenizer {
 public:
  CharacterPreTokenizer(bool (*is_match)(char32_t), SplitBehavior behavior)
      : is_match_(is_match), behavior_(behavior) {}
  void split(std::vector<Piece>& pieces) const override {
    split_each(pieces, [this](const Piece& piece) {
      return split_spans(find_characters(piece.text, is_match_), behavior_);
    });
  }

 private:
  bool (*is_match_)(char32_t);
  SplitBehavior behavior_;
};

/// Whitespace: the stretches of `\w+|[^\w\s]+`, by the character classes of Rust's regex.
class WhitespacePreTokenizer : public PreTokenizer {
 public:
  void split(std::vector<Piece>& pieces) const override {
    split_each(pieces, [](const Piece& piece) {
      enum class Kind { kSpace, kWord, kOther };
      std::vector<Span> spans;
      Kind last = Kind::kSpace;
      for (std::size_t i = 0; i < piece.text.size();) {
        const std::size_t next = i + utf8_length(piece.text, i);
        const char32_t c = utf8_decode(piece.text, i);
        const Kind kind = is_word_character(c) ? Kind::kWord
                          : is_white_space(c)  ? Kind::kSpace
                                               : Kind::kOther;
        if (kind != Kind::kSpace) {
          if (kind == last && !spans.empty()) {
            spans.back().end = next;
          } else {
            spans.push_back(Span{i, next, false});
          }
        }
        last = kind;
        i = next;
      }
      return spans;
    });
  }
};

}  // namespace

PrependScheme prepend_scheme_of(const JsonObject& json) {
  const bool add_prefix_space = json.flag_or("add_prefix_space", true);
  const std::string name = json.text_or("prepend_scheme", add_prefix_space ? "always" : "never");
  if (!add_prefix_space && name != "never") {
    json.fail("add_prefix_space is false but prepend_scheme is '" + name + "'");
  }
  if (name == "always") return PrependScheme::kAlways;
  if (name == "first") return PrependScheme::kFirst;
  if (name == "never") return PrependScheme::kNever;
  json.fail("unknown prepend_scheme '" + name + "'", "known: always, first, never");
}

std::unique_ptr<PreTokenizer> make_pre_tokenizer(const JsonObject& json) {
  const std::string type = json.type();
  if (type == "Sequence") return std::make_unique<PreTokenizerSequence>(json);
  if (type == "ByteLevel") return std::make_unique<ByteLevelPreTokenizer>(json);
  if (type == "Metaspace") return std::make_unique<MetaspacePreTokenizer>(json);
  if (type == "Split") return std::make_unique<SplitPreTokenizer>(json);
  if (type == "Digits") {
    return std::make_unique<CharacterPreTokenizer>(
        is_numeric, json.flag_or("individual_digits", false) ? SplitBehavior::kIsolated
                                                             : SplitBehavior::kContiguous);
  }
  if (type == "Punctuation") {
    return std::make_unique<CharacterPreTokenizer>(is_punctuation, behavior_of(json, "Isolated"));
  }
  if (type == "WhitespaceSplit") {
    return std::make_unique<CharacterPreTokenizer>(is_white_space, SplitBehavior::kRemoved);
  }
  if (type == "Whitespace") return std::make_unique<WhitespacePreTokenizer>();
  json.unsupported("pre_tokenizer");
}

}  // namespace firstlight::nn
