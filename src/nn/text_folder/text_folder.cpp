#include "firstlight/nn/text_folder.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "firstlight/base/error.h"
#include "firstlight/base/log.h"
#include "firstlight/base/text.h"
#include "text_folder/token_settings.h"

namespace firstlight::nn {
namespace {

constexpr std::uintmax_t kMaxFileBytes = 512ULL << 20;

/// How AutoTokenizer turns tokenizer.json into a tokeniser.
enum class Loading {
  kFile,   ///< TokenizersBackend: as the file says
  kLlama,  ///< LlamaTokenizer: its vocabulary and merges in a pipeline of the class's own
};

std::string model_type_of(const std::string& folder) {
  const auto config = read_json_object(folder, "config.json");
  return config ? JsonObject(*config, folder + "/config.json").text_or("model_type", "") : "";
}

Loading loading_of(const std::string& folder, const TokenSettings& settings,
                   const std::string& text) {
  // Types for which transformers overrules the class that the folder names.
  static constexpr std::array<std::string_view, 5> kByFile = {"llava", "llava_next", "vipllava",
                                                              "mistral", "mixtral"};
  const std::string& name = settings.tokenizer_class;
  const std::string type = model_type_of(folder);
  if (std::find(kByFile.begin(), kByFile.end(), type) != kByFile.end()) return Loading::kFile;
  if (name == "LlamaTokenizer") {
    return text.find("\"ByteLevel\"") != std::string::npos ? Loading::kFile : Loading::kLlama;
  }
  static constexpr std::array<std::string_view, 4> kGeneric = {
      "", "TokenizersBackend", "PreTrainedTokenizer", "PythonBackend"};
  if (std::find(kGeneric.begin(), kGeneric.end(), name) == kGeneric.end()) {
    log_warning(folder + "/tokenizer_config.json: tokeniser class '" + name +
                "' is read from tokenizer.json, which transformers may do differently");
  }
  return Loading::kFile;
}

/// The pipeline of LlamaTokenizer in transformers 5 around the file's vocabulary and merges.
void rebuild_as_llama(Json& document, const TokenSettings& settings) {
  const char* scheme = !settings.add_prefix_space ? "never" : settings.legacy ? "always" : "first";
  Json decoders =
      Json::array({{{"type", "Replace"}, {"pattern", {{"String", "\u2581"}}}, {"content", " "}},
                   {{"type", "ByteFallback"}},
                   {{"type", "Fuse"}}});
  if (settings.add_prefix_space) {
    decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  document["normalizer"] = nullptr;
  document["pre_tokenizer"] = {{"type", "Metaspace"},
                               {"replacement", "\u2581"},
                               {"prepend_scheme", scheme},
                               {"split", false}};
  document["decoder"] = {{"type", "Sequence"}, {"decoders", decoders}};
  Json& model = document["model"];
  for (const char* key : {"unk_token", "continuing_subword_prefix", "end_of_word_suffix"}) {
    model[key] = nullptr;
  }
  model["dropout"] = nullptr;
  model["fuse_unk"] = true;
  model["byte_fallback"] = true;
  model["ignore_merges"] = false;
  document["added_tokens"] = Json::array();
}

struct Document {
  Json json;
  std::string path;
  TokenSettings settings;
  Loading loading = Loading::kFile;
};

Document read_document(const std::string& folder) {
  Document document;
  document.path = folder + "/tokenizer.json";
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(document.path, error);
  if (!error && size > kMaxFileBytes) {
    throw Error::input(document.path, "larger than 512 MiB", "is it a tokeniser?");
  }
  if (error && std::filesystem::exists(folder + "/tokenizer.model")) {
    throw Error::input(document.path, "missing, and tokenizer.model is not supported",
                       "load and save the folder's tokeniser with transformers once");
  }
  const std::string text = text::read_file(document.path);
  document.json = parse_json_limited(text, document.path);
  const JsonObject root(document.json, document.path);
  JsonObject(root.require("model"), document.path + ": model");
  document.settings = read_token_settings(folder, document.json);
  document.loading = loading_of(folder, document.settings, text);
  if (document.loading == Loading::kLlama) {
    // Defaults of the class's own parameters.
    for (const auto& [name, content] :
         {std::pair{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}}) {
      if (document.settings.find_named(name) != nullptr) continue;
      document.settings.named.emplace_back(name, added_token_of(Json(content), document.path));
    }
  }
  return document;
}

/// What transformers adds after the tokeniser is built: every token that the settings list by id,
/// then the named and extra ones that were not among the file's added tokens.
std::vector<AddedToken> tokens_to_add(const Tokenizer& tokenizer, const TokenSettings& settings) {
  std::vector<AddedToken> tokens;
  for (const auto& [id, token] : settings.by_id) tokens.push_back(token);
  const auto add_missing = [&](const AddedToken& token) {
    const bool listed = std::any_of(tokens.begin(), tokens.end(), [&](const AddedToken& known) {
      return known.content == token.content;
    });
    if (!listed && tokenizer.added_token(token.content) == nullptr) tokens.push_back(token);
  };
  for (const auto& [name, token] : settings.named) add_missing(token);
  for (const AddedToken& token : settings.extra) add_missing(token);
  for (AddedToken& token : tokens) {
    const bool named =
        std::any_of(settings.named.begin(), settings.named.end(),
                    [&](const auto& entry) { return entry.second.content == token.content; });
    if (named) token.special = true;
  }
  return tokens;
}

/// The template in a value that is a text, an object of texts, or a list of named ones.
std::optional<ChatTemplate> template_of(const Json& value, const std::string& where) {
  if (value.is_null()) return std::nullopt;
  if (value.is_string()) return ChatTemplate::parse(value.get<std::string>(), where);
  if (value.is_object() && value.contains("default") && value["default"].is_string()) {
    return ChatTemplate::parse(value["default"].get<std::string>(), where);
  }
  if (value.is_array()) {
    for (const Json& entry : value) {
      const JsonObject named(entry, where);
      if (named.text("name") == "default") {
        return ChatTemplate::parse(named.text("template"), where);
      }
    }
  }
  throw Error::input(where, "must be a text, or hold a template named default");
}

}  // namespace

Tokenizer load_tokenizer(const std::string& folder) {
  Document document = read_document(folder);
  if (document.loading == Loading::kLlama) rebuild_as_llama(document.json, document.settings);
  Tokenizer tokenizer = Tokenizer::from_json(document.json.dump(), document.path);
  tokenizer = tokenizer.with_tokens(tokens_to_add(tokenizer, document.settings));
  return document.settings.special_tokens_as_text ? tokenizer.with_special_tokens_as_text()
                                                  : tokenizer;
}

std::map<std::string, std::string> load_special_tokens(const std::string& folder) {
  std::map<std::string, std::string> tokens;
  const Document document = read_document(folder);
  for (const auto& [name, token] : document.settings.named) tokens[name] = token.content;
  return tokens;
}

std::optional<ChatTemplate> load_chat_template(const std::string& folder) {
  if (const auto config = read_json_object(folder, "processor_config.json")) {
    if (config->contains("chat_template")) {
      auto found = template_of((*config)["chat_template"], folder + "/processor_config.json");
      if (found) return found;
    }
  }
  if (const auto legacy = read_json_object(folder, "chat_template.json")) {
    const std::string where = folder + "/chat_template.json";
    return template_of(JsonObject(*legacy, where).require("chat_template"), where);
  }
  const std::string jinja = folder + "/chat_template.jinja";
  if (std::filesystem::exists(jinja)) return ChatTemplate::parse(text::read_file(jinja), jinja);
  if (const auto config = read_json_object(folder, "tokenizer_config.json")) {
    if (config->contains("chat_template")) {
      return template_of((*config)["chat_template"], folder + "/tokenizer_config.json");
    }
  }
  return std::nullopt;
}

}  // namespace firstlight::nn
