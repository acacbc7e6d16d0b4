#pragma once

#include <cstdint>
#include <string>

#include "firstlight/nn/tokenizer.h"

namespace firstlight::train {

/// A token that stands for something else than its text.
struct SpecialToken {
  std::string text;
  std::int32_t id = 0;
};

/// The special tokens that a recipe's tokeniser must have (scripts/make-tokenizer.py makes them).
struct SpecialTokens {
  SpecialToken begin;
  SpecialToken end;
  SpecialToken unknown;
  SpecialToken pad;
  SpecialToken image;
};

/// Throws Error::usage where the tokeniser of `origin` lacks one.
SpecialTokens find_special_tokens(const nn::Tokenizer& tokenizer, const std::string& origin);

}  // namespace firstlight::train
