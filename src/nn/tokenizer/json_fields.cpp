#include "tokenizer/json_fields.h"

#include <algorithm>

#include "firstlight/base/error.h"
#include "tokenizer/utf8.h"

namespace firstlight::nn {
namespace {

/// nlohmann's parser does not recurse, but what is built from a deeply nested text would be walked
/// recursively by its users.
void check_depth(std::string_view text, const std::string& origin, int max_depth) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth) {
        throw Error::input(origin, "JSON nested deeper than " + std::to_string(max_depth));
      }
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
}

}  // namespace

Json parse_json_limited(std::string_view text, const std::string& origin, int max_depth) {
  check_depth(text, origin, max_depth);
  try {
    return Json::parse(text);
  } catch (const Json::exception& e) {
    throw Error::input(origin, std::string("not valid JSON (") + e.what() + ")",
                       "is the file complete?");
  }
}

JsonObject::JsonObject(const Json& json, std::string place)
    : value(&json), where(std::move(place)) {
  if (!json.is_object()) fail("must be an object");
}

bool JsonObject::has(const char* key) const {
  const auto it = value->find(key);
  return it != value->end() && !it->is_null();
}

const Json& JsonObject::require(const char* key) const {
  if (!has(key)) fail(std::string("key '") + key + "' is missing");
  return (*value)[key];
}

JsonObject JsonObject::object(const char* key) const {
  return JsonObject(require(key), where + "." + key);
}

std::string JsonObject::text(const char* key) const {
  const Json& member = require(key);
  if (!member.is_string()) fail(std::string("key '") + key + "' must be a string");
  return member.get<std::string>();
}

std::string JsonObject::text_or(const char* key, std::string fallback) const {
  return has(key) ? text(key) : std::move(fallback);
}

bool JsonObject::flag_or(const char* key, bool fallback) const {
  return has(key) ? flag(key) : fallback;
}

bool JsonObject::flag(const char* key) const {
  const Json& member = require(key);
  if (!member.is_boolean()) fail(std::string("key '") + key + "' must be true or false");
  return member.get<bool>();
}

std::size_t JsonObject::count(const char* key) const {
  const Json& member = require(key);
  if (!member.is_number_unsigned() || member.get<std::uint64_t>() > 1000000) {
    fail(std::string("key '") + key + "' must be a number from 0 to 1000000");
  }
  return member.get<std::size_t>();
}

const Json& JsonObject::array(const char* key) const {
  const Json& member = require(key);
  if (!member.is_array()) fail(std::string("key '") + key + "' must be a list");
  return member;
}

std::string JsonObject::character(const char* key, std::string fallback) const {
  std::string s = text_or(key, std::move(fallback));
  if (s.empty() || utf8_length(s, 0) != s.size()) {
    fail(std::string("key '") + key + "' must be one character");
  }
  return s;
}

void JsonObject::fail(std::string_view what, std::string_view advice) const {
  throw Error::input(where, what, advice);
}

void JsonObject::unsupported(std::string_view kind) const {
  fail(std::string(kind) + " '" + type() + "' is not supported",
       "docs/chat-templates-and-tokenisers.md lists what is");
}

}  // namespace firstlight::nn
