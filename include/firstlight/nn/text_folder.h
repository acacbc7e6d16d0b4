#pragma once

#include <map>
#include <optional>
#include <string>

#include "firstlight/nn/chat_template.h"
#include "firstlight/nn/tokenizer.h"

/// The text side of a Hugging Face folder, as AutoTokenizer and AutoProcessor of transformers 5
/// load it. docs/chat-templates-and-tokenisers.md says which file counts for what.
namespace firstlight::nn {

/// tokenizer.json with what tokenizer_config.json, special_tokens_map.json and added_tokens.json
/// change: tokens added or redefined, split_special_tokens, and for LlamaTokenizer folders of other
/// model types than LLaVA the pipeline that this class builds in place of the file's own.
/// add_bos_token and add_eos_token count for nothing where there is a tokenizer.json.
/// Throws Error::input with the file, the key and why.
Tokenizer load_tokenizer(const std::string& folder);

/// The named special tokens and their texts: bos_token, eos_token, unk_token, pad_token, ... and
/// those of the model (image_token), the variables that a chat template sees.
std::map<std::string, std::string> load_special_tokens(const std::string& folder);

/// The folder's chat template: that of processor_config.json, else of chat_template.json, else
/// chat_template.jinja, else of tokenizer_config.json; of several the one named default. Nothing
/// where there is none. Throws Error::input for one that is malformed.
std::optional<ChatTemplate> load_chat_template(const std::string& folder);

}  // namespace firstlight::nn
