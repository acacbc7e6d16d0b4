#include "firstlight/train/special_tokens.h"

#include "firstlight/base/error.h"

namespace firstlight::train {

SpecialTokens find_special_tokens(const nn::Tokenizer& tokenizer, const std::string& origin) {
  const auto find = [&](const std::string& text) -> SpecialToken {
    const auto id = tokenizer.token_to_id(text);
    if (!id) throw Error::usage(origin, "the tokeniser has no token '" + text + "'");
    return {text, *id};
  };
  return {find("<s>"), find("</s>"), find("<unk>"), find("<pad>"), find("<image>")};
}

}  // namespace firstlight::train
