#pragma once

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "firstlight/base/error.h"
#include "tokenizer/json_fields.h"

namespace firstlight::nn {

/// A JSON object with typed look-ups whose errors name file and key. Null counts as absent, as it
/// does in transformers' configurations.
class JsonReader {
 public:
  JsonReader(const nlohmann::json& object, std::string origin, std::string prefix = {})
      : object_(object), origin_(std::move(origin)), prefix_(std::move(prefix)) {}

  const nlohmann::json* find(const char* key) const {
    const auto at = object_.find(key);
    return at == object_.end() || at->is_null() ? nullptr : &*at;
  }
  bool has(const char* key) const { return find(key) != nullptr; }

  std::int64_t integer(const char* key, std::int64_t fallback, std::int64_t low,
                       std::int64_t high) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return fallback;
    if (!value->is_number_integer()) throw error(key, "must be a whole number");
    const bool too_large = value->is_number_unsigned() &&
                           value->get<std::uint64_t>() > static_cast<std::uint64_t>(high);
    if (too_large || value->get<std::int64_t>() < low || value->get<std::int64_t>() > high) {
      throw error(key, "is " + value->dump() + ", outside " + std::to_string(low) + " to " +
                           std::to_string(high));
    }
    return value->get<std::int64_t>();
  }
  double number(const char* key, double fallback) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return fallback;
    if (!value->is_number() || !std::isfinite(value->get<double>())) {
      throw error(key, "must be a number");
    }
    return value->get<double>();
  }
  bool boolean(const char* key, bool fallback) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return fallback;
    if (!value->is_boolean()) throw error(key, "must be true or false");
    return value->get<bool>();
  }
  std::string string(const char* key, const std::string& fallback) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return fallback;
    if (!value->is_string()) throw error(key, "must be a string");
    return value->get<std::string>();
  }

  /// One token id or a list of them; nothing where the key is absent.
  std::optional<std::vector<std::int32_t>> token_ids(const char* key) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return std::nullopt;
    std::vector<std::int32_t> ids;
    for (const auto& id : value->is_array() ? *value : nlohmann::json::array({*value})) {
      if (!id.is_number_unsigned() || id.get<std::uint64_t>() > std::uint64_t{1} << 24) {
        throw error(key, "must be a token id or a list of them");
      }
      ids.push_back(id.get<std::int32_t>());
    }
    return ids;
  }

  Error error(const std::string& key, const std::string& what) const {
    return Error::input(origin_, "'" + prefix_ + key + "' " + what);
  }
  const std::string& origin() const { return origin_; }

 private:
  const nlohmann::json& object_;
  std::string origin_;
  std::string prefix_;
};

/// Parses a JSON object of at most 64 levels; throws Error::input.
inline nlohmann::json parse_object(std::string_view text, const std::string& origin) {
  nlohmann::json value = parse_json_limited(text, origin);
  if (!value.is_object()) throw Error::input(origin, "is not a JSON object");
  return value;
}

}  // namespace firstlight::nn
