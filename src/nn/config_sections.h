#pragma once

#include <cstdint>
#include <string>

#include "firstlight/nn/config.h"
#include "json_reader.h"

/// Parts of config.json that several model types share.
namespace firstlight::nn {

// Far beyond any model, and small enough that products of two stay within 63 bits.
constexpr std::int64_t kMaxSize = 1 << 24;

/// An activation by its name in transformers. Throws Error::input.
Activation read_activation(const JsonReader& r, const char* key, const char* fallback);
/// The object under `key`. Throws Error::input where it is none.
nlohmann::json read_section(const JsonReader& r, const char* key, nlohmann::json when_absent);
/// image_token_index, or image_token_id.
std::int32_t read_image_token(const JsonReader& r, std::int32_t fallback);
/// A text_config; `fallback_type` where it names no model_type. Throws Error::input.
DecoderConfig read_decoder(const nlohmann::json& object, const std::string& origin,
                           const std::string& fallback_type);

}  // namespace firstlight::nn
