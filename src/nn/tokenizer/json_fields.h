#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

/// Typed access to the objects of a tokenizer.json, with errors that name the place.
namespace firstlight::nn {

using Json = nlohmann::json;

/// Parses `text`; refuses more than `max_depth` nested containers before anything is built.
/// Throws Error::input.
Json parse_json_limited(std::string_view text, const std::string& origin, int max_depth = 64);

/// An object of the file and where it stands, for messages ("FILE: normalizer.normalizers[1]").
struct JsonObject {
  const Json* value = nullptr;
  std::string where;

  /// Throws Error::input where the value is not an object.
  JsonObject(const Json& json, std::string place);

  bool has(const char* key) const;  ///< present and not null
  const Json& require(const char* key) const;
  JsonObject object(const char* key) const;
  std::string text(const char* key) const;
  std::string text_or(const char* key, std::string fallback) const;
  bool flag_or(const char* key, bool fallback) const;
  bool flag(const char* key) const;
  std::size_t count(const char* key) const;  ///< a small non-negative integer
  /// The member as an array.
  const Json& array(const char* key) const;
  /// One Unicode character.
  std::string character(const char* key, std::string fallback) const;
  std::string type() const { return text("type"); }
  [[noreturn]] void fail(std::string_view what, std::string_view advice = {}) const;
  /// For kinds of parts that Firstlight does not have.
  [[noreturn]] void unsupported(std::string_view kind) const;
};

}  // namespace firstlight::nn
