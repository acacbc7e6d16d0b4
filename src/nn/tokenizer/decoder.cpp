#include "tokenizer/decoder.h"

#include <optional>

#include "firstlight/base/text.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/pattern.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/utf8.h"

namespace firstlight::nn {
namespace {

class DecoderSequence : public TokenDecoder {
 public:
  explicit DecoderSequence(const JsonObject& json) {
    const Json& list = json.array("decoders");
    for (std::size_t i = 0; i < list.size(); ++i) {
      parts_.push_back(
          make_decoder(JsonObject(list[i], json.where + ".decoders[" + std::to_string(i) + "]")));
    }
  }
  void decode(std::vector<std::string>& tokens) const override {
    for (const auto& part : parts_) part->decode(tokens);
  }

 private:
  std::vector<std::unique_ptr<TokenDecoder>> parts_;
};

class ReplaceDecoder : public TokenDecoder {
 public:
  explicit ReplaceDecoder(const JsonObject& json)
      : pattern_(pattern_of(json)), content_(json.text("content")) {}
  void decode(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      std::string out;
      for (const Span& span : pattern_.find(token)) {
        if (span.matched) {
          out.append(content_);
        } else {
          out.append(token, span.begin, span.end - span.begin);
        }
      }
      token = std::move(out);
    }
  }

 private:
  TextPattern pattern_;
  std::string content_;
};

/// The byte of a token such as "<0x4A>".
std::optional<char> byte_of(const std::string& token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  unsigned value = 0;
  for (const char c : {token[3], token[4]}) {
    const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                           : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                           : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                                                  : 16U;
    if (digit == 16U) return std::nullopt;
    value = value * 16 + digit;
  }
  return static_cast<char>(static_cast<unsigned char>(value));
}

class ByteFallbackDecoder : public TokenDecoder {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    std::vector<std::string> out;
    std::string bytes;
    const auto flush = [&] {
      if (bytes.empty()) return;
      if (to_valid_utf8(bytes) == bytes) {
        out.push_back(bytes);
      } else {
        out.insert(out.end(), bytes.size(), "\xEF\xBF\xBD");
      }
      bytes.clear();
    };
    for (std::string& token : tokens) {
      if (const auto byte = byte_of(token)) {
        bytes.push_back(*byte);
      } else {
        flush();
        out.push_back(std::move(token));
      }
    }
    flush();
    tokens = std::move(out);
  }
};

class FuseDecoder : public TokenDecoder {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    tokens = {text::join(tokens, "")};
  }
};

class StripDecoder : public TokenDecoder {
 public:
  explicit StripDecoder(const JsonObject& json)
      : content_(json.character("content", "")),
        start_(json.count("start")),
        stop_(json.count("stop")) {}
  void decode(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      std::string_view rest = token;
      for (std::size_t i = 0; i < start_ && rest.starts_with(content_); ++i) {
        rest.remove_prefix(content_.size());
      }
      for (std::size_t i = 0; i < stop_ && rest.ends_with(content_); ++i) {
        rest.remove_suffix(content_.size());
      }
      token = std::string(rest);
    }
  }

 private:
  std::string content_;
  std::size_t start_;
  std::size_t stop_;
};

class ByteLevelDecoder : public TokenDecoder {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    std::string all;
    std::string bytes;
    for (const std::string& token : tokens)
      all.append(from_byte_level(token, bytes) ? bytes : token);
    tokens = {to_valid_utf8(all)};
  }
};

class MetaspaceDecoder : public TokenDecoder {
 public:
  explicit MetaspaceDecoder(const JsonObject& json)
      : replacement_(json.character("replacement", "\u2581")),
        drops_first_(prepend_scheme_of(json) != PrependScheme::kNever) {}
  void decode(std::vector<std::string>& tokens) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const char* space = i == 0 && drops_first_ ? "" : " ";
      tokens[i] = text::replace_all(std::move(tokens[i]), replacement_, space);
    }
  }

 private:
  std::string replacement_;
  bool drops_first_;
};

}  // namespace

std::unique_ptr<TokenDecoder> make_decoder(const JsonObject& json) {
  const std::string type = json.type();
  if (type == "Sequence") return std::make_unique<DecoderSequence>(json);
  if (type == "Replace") return std::make_unique<ReplaceDecoder>(json);
  if (type == "ByteFallback") return std::make_unique<ByteFallbackDecoder>();
  if (type == "Fuse") return std::make_unique<FuseDecoder>();
  if (type == "Strip") return std::make_unique<StripDecoder>(json);
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>();
  if (type == "Metaspace") return std::make_unique<MetaspaceDecoder>(json);
  json.unsupported("decoder");
}

}  // namespace firstlight::nn
