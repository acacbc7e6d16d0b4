#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tokenizer/json_fields.h"

namespace firstlight::nn {

/// A decoder of tokenizer.json: turns tokens into the parts of a text. Immutable; safe from any
/// thread.
class TokenDecoder {
 public:
  virtual ~TokenDecoder() = default;
  virtual void decode(std::vector<std::string>& tokens) const = 0;
};

/// Throws Error::input for a malformed or unsupported one.
std::unique_ptr<TokenDecoder> make_decoder(const JsonObject& json);

}  // namespace firstlight::nn
