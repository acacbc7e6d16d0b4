#include "tokenizer/normalizer.h"

#include <array>
#include <unordered_map>
#include <vector>

#include "firstlight/base/text.h"
#include "tokenizer/pattern.h"
#include "tokenizer/unicode.h"
#include "tokenizer/utf8.h"

namespace firstlight::nn {
namespace {

class NormalizerSequence : public TextNormalizer {
 public:
  explicit NormalizerSequence(const JsonObject& json) {
    const Json& list = json.array("normalizers");
    for (std::size_t i = 0; i < list.size(); ++i) {
      parts_.push_back(make_normalizer(
          JsonObject(list[i], json.where + ".normalizers[" + std::to_string(i) + "]")));
    }
  }
  void normalize(Piece& piece) const override {
    for (const auto& part : parts_) part->normalize(piece);
  }

 private:
  std::vector<std::unique_ptr<TextNormalizer>> parts_;
};

class PrependNormalizer : public TextNormalizer {
 public:
  explicit PrependNormalizer(const JsonObject& json) : prefix_(json.text("prepend")) {}
  void normalize(Piece& piece) const override {
    if (!piece.text.empty()) piece.text.insert(0, prefix_);
  }

 private:
  std::string prefix_;
};

class ReplaceNormalizer : public TextNormalizer {
 public:
  explicit ReplaceNormalizer(const JsonObject& json)
      : pattern_(pattern_of(json)), content_(json.text("content")) {}
  void normalize(Piece& piece) const override {
    const std::vector<Span> spans = pattern_.find(piece.text);
    std::string out;
    out.reserve(piece.text.size() + content_.size());
    for (const Span& span : spans) {
      if (span.matched) {
        out.append(content_);
      } else {
        out.append(piece.text, span.begin, span.end - span.begin);
      }
    }
    const Span& first = spans.front();
    if (first.matched && first.begin == 0) {
      // `tokenizers` gives the new text the place of the last character it stands for.
      const std::string_view removed(piece.text.data(), first.end);
      if (content_.empty() ? !removed.empty() : utf8_count(removed) > 1) piece.at_start = false;
    }
    piece.text = std::move(out);
  }

 private:
  TextPattern pattern_;
  std::string content_;
};

class NormalFormNormalizer : public TextNormalizer {
 public:
  explicit NormalFormNormalizer(NormalForm form) : form_(form) {}
  void normalize(Piece& piece) const override { piece.text = normal_form(piece.text, form_); }

 private:
  NormalForm form_;
};

class LowercaseNormalizer : public TextNormalizer {
 public:
  void normalize(Piece& piece) const override { piece.text = lower_case(piece.text); }
};

class StripNormalizer : public TextNormalizer {
 public:
  explicit StripNormalizer(const JsonObject& json)
      : left_(json.flag("strip_left")), right_(json.flag("strip_right")) {}
  void normalize(Piece& piece) const override {
    const std::string& text = piece.text;
    std::size_t begin = 0;
    std::size_t end = text.size();
    while (left_ && begin < end && is_white_space(utf8_decode(text, begin))) {
      begin += utf8_length(text, begin);
    }
    while (right_ && begin < end) {
      const std::size_t last = utf8_previous(text, end);
      if (!is_white_space(utf8_decode(text, last))) break;
      end = last;
    }
    if (begin > 0) piece.at_start = false;
    piece.text = text.substr(begin, end - begin);
  }

 private:
  bool left_;
  bool right_;
};

class StripAccentsNormalizer : public TextNormalizer {
 public:
  void normalize(Piece& piece) const override {
    std::string out;
    const std::string& text = piece.text;
    for (std::size_t i = 0; i < text.size(); i += utf8_length(text, i)) {
      if (!is_combining_mark(utf8_decode(text, i))) {
        out.append(text, i, utf8_length(text, i));
      } else if (i == 0) {
        piece.at_start = false;
      }
    }
    piece.text = std::move(out);
  }
};

class ByteLevelNormalizer : public TextNormalizer {
 public:
  void normalize(Piece& piece) const override { piece.text = to_byte_level(piece.text); }
};

std::array<std::string, 256> byte_level_table() {
  std::array<std::string, 256> table;
  char32_t next = 256;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    text::append_utf8(table[byte], printable ? static_cast<char32_t>(byte) : next++);
  }
  return table;
}

}  // namespace

std::unique_ptr<TextNormalizer> make_normalizer(const JsonObject& json) {
  const std::string type = json.type();
  if (type == "Sequence") return std::make_unique<NormalizerSequence>(json);
  if (type == "Prepend") return std::make_unique<PrependNormalizer>(json);
  if (type == "Replace") return std::make_unique<ReplaceNormalizer>(json);
  if (type == "NFC") return std::make_unique<NormalFormNormalizer>(NormalForm::kNfc);
  if (type == "NFD") return std::make_unique<NormalFormNormalizer>(NormalForm::kNfd);
  if (type == "NFKC") return std::make_unique<NormalFormNormalizer>(NormalForm::kNfkc);
  if (type == "NFKD") return std::make_unique<NormalFormNormalizer>(NormalForm::kNfkd);
  if (type == "Lowercase") return std::make_unique<LowercaseNormalizer>();
  if (type == "Strip") return std::make_unique<StripNormalizer>(json);
  if (type == "StripAccents") return std::make_unique<StripAccentsNormalizer>();
  if (type == "ByteLevel") return std::make_unique<ByteLevelNormalizer>();
  json.unsupported("normalizer");
}

TextPattern pattern_of(const JsonObject& json) {
  const JsonObject pattern = json.object("pattern");
  if (pattern.has("String")) return TextPattern::literal(pattern.text("String"), pattern.where);
  if (pattern.has("Regex")) return TextPattern::regex(pattern.text("Regex"), pattern.where);
  pattern.fail("must hold 'String' or 'Regex'");
}

const std::string& byte_level_character(unsigned char byte) {
  static const std::array<std::string, 256> table = byte_level_table();
  return table[byte];
}

std::string to_byte_level(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 2);
  for (const char c : text) out.append(byte_level_character(static_cast<unsigned char>(c)));
  return out;
}

bool from_byte_level(std::string_view text, std::string& bytes) {
  static const std::unordered_map<char32_t, char> inverse = [] {
    std::unordered_map<char32_t, char> map;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const std::string& c = byte_level_character(static_cast<unsigned char>(byte));
      map.emplace(utf8_decode(c, 0), static_cast<char>(byte));
    }
    return map;
  }();
  bytes.clear();
  for (std::size_t i = 0; i < text.size(); i += utf8_length(text, i)) {
    const auto it = inverse.find(utf8_decode(text, i));
    if (it == inverse.end()) return false;
    bytes.push_back(it->second);
  }
  return true;
}

}  // namespace firstlight::nn
