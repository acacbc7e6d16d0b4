#pragma once

#include <memory>
#include <vector>

#include "tokenizer/json_fields.h"
#include "tokenizer/normalizer.h"

namespace firstlight::nn {

/// A pre-tokeniser of tokenizer.json: cuts pieces into words. Immutable; safe from any thread.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  /// Replaces the pieces by their parts; those with an id stay as they are, empty ones go.
  virtual void split(std::vector<Piece>& pieces) const = 0;
};

/// Throws Error::input for a malformed or unsupported one.
std::unique_ptr<PreTokenizer> make_pre_tokenizer(const JsonObject& json);

/// How Metaspace marks the beginning of a text; also read by its decoder.
enum class PrependScheme { kAlways, kFirst, kNever };
PrependScheme prepend_scheme_of(const JsonObject& json);

}  // namespace firstlight::nn
