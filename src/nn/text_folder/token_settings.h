#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "firstlight/nn/tokenizer.h"
#include "tokenizer/json_fields.h"

namespace firstlight::nn {

/// The JSON object in a file of a folder; nothing where there is no such file.
/// Throws Error::input.
std::optional<Json> read_json_object(const std::string& folder, const std::string& name);

/// What the files beside tokenizer.json say of its tokens, by the rules of transformers 5.
struct TokenSettings {
  /// Named special tokens: the standard ones in transformers' order, then the model's own.
  std::vector<std::pair<std::string, AddedToken>> named;
  std::vector<AddedToken> extra;             ///< extra_special_tokens
  std::map<std::int64_t, AddedToken> by_id;  ///< tokens to add, in order of their ids
  bool special_tokens_as_text = false;       ///< split_special_tokens
  std::string tokenizer_class;               ///< without "Fast"; may be empty
  bool legacy = false;                       ///< of LlamaTokenizer
  bool add_prefix_space = true;              ///< of LlamaTokenizer

  const AddedToken* find_named(const std::string& name) const;
};

/// `tokenizer` is the parsed tokenizer.json. Throws Error::input.
TokenSettings read_token_settings(const std::string& folder, const Json& tokenizer);

/// One token as tokenizer_config.json or special_tokens_map.json write it, a text or an object.
AddedToken added_token_of(const Json& value, const std::string& where);

}  // namespace firstlight::nn
