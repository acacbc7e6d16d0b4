#include "text_folder/token_settings.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "firstlight/base/text.h"

namespace firstlight::nn {
namespace {

constexpr std::array<std::string_view, 7> kStandard = {
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"};

bool is_standard(std::string_view key) {
  return std::find(kStandard.begin(), kStandard.end(), key) != kStandard.end();
}

bool is_token(const Json& value) {
  return value.is_string() || (value.is_object() && value.contains("content"));
}

/// Tokens by name in the order in which they were set; a later value replaces an earlier one.
class NamedTokens {
 public:
  void set(const std::string& name, const AddedToken& token) {
    for (auto& [known, slot] : tokens_) {
      if (known == name) {
        slot = token;
        return;
      }
    }
    tokens_.emplace_back(name, token);
  }
  std::vector<std::pair<std::string, AddedToken>> tokens_;
};

class SettingsReader {
 public:
  SettingsReader(const std::string& folder, const Json& tokenizer)
      : folder_(folder), tokenizer_(tokenizer) {}

  TokenSettings run() {
    const auto config = read_json_object(folder_, "tokenizer_config.json");
    const auto model_config = read_json_object(folder_, "config.json");
    if (model_config) read_class(*model_config, folder_ + "/config.json");
    if (config) {
      const std::string where = folder_ + "/tokenizer_config.json";
      read_class(*config, where);
      read_flags(JsonObject(*config, where));
      read_names(*config, where);
      if (own_.tokens_.empty() && config->contains("model_specific_special_tokens")) {
        read_extra("", (*config)["model_specific_special_tokens"], where);
      }
    }
    if (config && config->contains("added_tokens_decoder")) {
      read_decoder(JsonObject((*config)["added_tokens_decoder"],
                              folder_ + "/tokenizer_config.json: added_tokens_decoder"));
    } else {
      // Folders of older versions.
      if (const auto map = read_json_object(folder_, "special_tokens_map.json")) {
        read_names(*map, folder_ + "/special_tokens_map.json");
      }
      read_added_tokens_file();
      read_tokenizer_file();
    }
    finish();
    return std::move(settings_);
  }

 private:
  void read_class(const Json& config, const std::string& where) {
    const JsonObject object(config, where);
    std::string name = object.text_or("tokenizer_class", "");
    if (name.empty()) return;
    if (name.ends_with("Fast")) name.resize(name.size() - 4);
    settings_.tokenizer_class = name;
  }

  void read_flags(const JsonObject& config) {
    settings_.special_tokens_as_text = config.flag_or("split_special_tokens", false);
    settings_.legacy = config.flag_or("legacy", false);
    settings_.add_prefix_space = config.flag_or("add_prefix_space", true);
  }

  void read_names(const Json& object, const std::string& where) {
    for (const auto& [key, value] : object.items()) {
      const std::string place = where + ": " + key;
      if (is_standard(key)) {
        if (value.is_null()) {
          continue;
        }
        standard_.set(key, added_token_of(value, place));
      } else if (key == "extra_special_tokens" || key == "additional_special_tokens") {
        read_extra(key, value, place);
      } else if (key.ends_with("_token") && is_token(value)) {
        own_.set(key, added_token_of(value, place));
      }
    }
  }

  void read_extra(const std::string& key, const Json& value, const std::string& place) {
    if (value.is_object()) {
      for (const auto& [name, token] : value.items()) {
        own_.set(name, added_token_of(token, place + "." + name));
      }
    } else if (value.is_array()) {
      auto& list = key == "extra_special_tokens" ? settings_.extra : additional_;
      for (const Json& token : value) list.push_back(added_token_of(token, place));
    }
  }

  void read_decoder(const JsonObject& decoder) {
    for (const auto& [id, token] : decoder.value->items()) {
      const auto number = text::parse_int(id);
      if (!number) decoder.fail("key '" + id + "' is not an id");
      settings_.by_id[*number] = added_token_of(token, decoder.where + "." + id);
    }
  }

  void read_added_tokens_file() {
    const auto added = read_json_object(folder_, "added_tokens.json");
    if (!added) return;
    for (const auto& [content, id] : added->items()) {
      if (!id.is_number_unsigned()) {
        JsonObject(*added, folder_ + "/added_tokens.json").fail("'" + content + "' has no id");
      }
      const auto same = [&content = content](const auto& entry) {
        return entry.second.content == content;
      };
      AddedToken token;
      token.content = content;
      token.special = std::any_of(standard_.tokens_.begin(), standard_.tokens_.end(), same);
      token.normalized = !token.special;
      settings_.by_id[id.get<std::int64_t>()] = token;
    }
  }

  void read_tokenizer_file() {
    if (!tokenizer_.contains("added_tokens") || !tokenizer_["added_tokens"].is_array()) return;
    for (const Json& entry : tokenizer_["added_tokens"]) {
      const JsonObject object(entry, folder_ + "/tokenizer.json: added_tokens");
      const Json& id = object.require("id");
      if (!id.is_number_unsigned()) object.fail("key 'id' must be a number");
      settings_.by_id[id.get<std::int64_t>()] = added_token_of(entry, object.where);
    }
  }

  /// The padding of tokenizer.json names a token where no other file does.
  void read_padding() {
    if (!tokenizer_.contains("padding") || !tokenizer_["padding"].is_object()) return;
    for (const auto& [key, token] : standard_.tokens_) {
      if (key == "pad_token") return;
    }
    const JsonObject padding(tokenizer_["padding"], folder_ + "/tokenizer.json: padding");
    standard_.set("pad_token", added_token_of(padding.require("pad_token"), padding.where));
  }

  /// The properties that a token has by its id hold for its name too.
  void finish() {
    read_padding();
    if (settings_.extra.empty()) settings_.extra = additional_;
    for (const std::string_view name : kStandard) {
      for (auto& [key, token] : standard_.tokens_) {
        if (key != name) continue;
        for (const auto& [id, known] : settings_.by_id) {
          if (known.content == token.content) token = known;
        }
        settings_.named.emplace_back(key, token);
      }
    }
    settings_.named.insert(settings_.named.end(), own_.tokens_.begin(), own_.tokens_.end());
  }

  const std::string& folder_;
  const Json& tokenizer_;
  TokenSettings settings_;
  NamedTokens standard_;
  NamedTokens own_;
  std::vector<AddedToken> additional_;
};

}  // namespace

const AddedToken* TokenSettings::find_named(const std::string& name) const {
  for (const auto& [key, token] : named) {
    if (key == name) return &token;
  }
  return nullptr;
}

std::optional<Json> read_json_object(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  Json json = parse_json_limited(text::read_file(path), path);
  const JsonObject checked(json, path);
  return json;
}

AddedToken added_token_of(const Json& value, const std::string& where) {
  AddedToken token;
  token.normalized = false;
  token.special = true;
  if (value.is_string()) {
    token.content = value.get<std::string>();
    return token;
  }
  const JsonObject object(value, where);
  token.content = object.text("content");
  token.single_word = object.flag_or("single_word", false);
  token.lstrip = object.flag_or("lstrip", false);
  token.rstrip = object.flag_or("rstrip", false);
  token.special = object.flag_or("special", false);
  token.normalized = object.flag_or("normalized", !token.special);
  return token;
}

TokenSettings read_token_settings(const std::string& folder, const Json& tokenizer) {
  return SettingsReader(folder, tokenizer).run();
}

}  // namespace firstlight::nn
