#pragma once

#include <memory>
#include <string>

#include "tokenizer/json_fields.h"

namespace firstlight::nn {

/// A stretch of text on its way through the tokeniser.
struct Piece {
  std::string text;
  /// Whether it begins where the original text begins (Metaspace's scheme "first" asks).
  bool at_start = false;
  /// Not negative: an added token, already found; no further rule applies.
  std::int32_t id = -1;
};

/// A normaliser of tokenizer.json. Immutable; safe from any thread.
class TextNormalizer {
 public:
  virtual ~TextNormalizer() = default;
  virtual void normalize(Piece& piece) const = 0;
};

/// Throws Error::input for a malformed or unsupported one.
std::unique_ptr<TextNormalizer> make_normalizer(const JsonObject& json);

/// The pattern of a Replace or Split: {"String": ...} or {"Regex": ...}.
class TextPattern;
TextPattern pattern_of(const JsonObject& json);

/// The character that stands for a byte in byte-level tokenisers (GPT-2's table), as UTF-8.
const std::string& byte_level_character(unsigned char byte);
/// Every byte of `text` replaced by its character.
std::string to_byte_level(std::string_view text);
/// The inverse; false where `text` holds a character that stands for no byte.
bool from_byte_level(std::string_view text, std::string& bytes);

}  // namespace firstlight::nn
