#include "firstlight/nn/config.h"

#include <cmath>

#include "firstlight/base/text.h"
#include "json_reader.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

// Far beyond any model, and small enough that products of two stay within 63 bits.
constexpr std::int64_t kMaxSize = 1 << 24;

Activation activation(const JsonReader& r, const char* key, const char* fallback) {
  const std::string name = r.string(key, fallback);
  if (name == "gelu") return Activation::kGelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast") {
    return Activation::kGeluTanh;
  }
  if (name == "quick_gelu") return Activation::kQuickGelu;
  if (name == "silu" || name == "swish") return Activation::kSilu;
  if (name == "relu") return Activation::kRelu;
  throw r.error(
      key, "is '" + name + "'; gelu, gelu_pytorch_tanh, quick_gelu, silu and relu are supported");
}

json section(const JsonReader& r, const char* key, json when_absent) {
  const json* value = r.find(key);
  if (value == nullptr) return when_absent;
  if (!value->is_object()) throw r.error(key, "must be an object");
  return *value;
}

ClipVisionConfig parse_vision(const json& object, const std::string& origin) {
  const JsonReader r(object, origin, "vision_config.");
  const std::string type = r.string("model_type", "clip_vision_model");
  if (type != "clip_vision_model") {
    throw r.error("model_type", "is '" + type + "'; clip_vision_model is supported");
  }
  ClipVisionConfig c;
  c.hidden_size = r.integer("hidden_size", c.hidden_size, 1, kMaxSize);
  c.intermediate_size = r.integer("intermediate_size", c.intermediate_size, 1, kMaxSize);
  c.layers = r.integer("num_hidden_layers", c.layers, 1, 4096);
  c.heads = r.integer("num_attention_heads", c.heads, 1, 4096);
  c.channels = r.integer("num_channels", c.channels, 1, 64);
  c.image_size = r.integer("image_size", c.image_size, 1, 65536);
  c.patch_size = r.integer("patch_size", c.patch_size, 1, 65536);
  c.activation = activation(r, "hidden_act", "quick_gelu");
  c.layer_norm_eps = r.number("layer_norm_eps", c.layer_norm_eps);
  if (c.channels != 3) throw r.error("num_channels", "must be 3");
  if (c.hidden_size % c.heads != 0) {
    throw r.error("hidden_size", "is not a multiple of num_attention_heads");
  }
  if (c.patch_size > c.image_size) throw r.error("patch_size", "is larger than image_size");
  return c;
}

/// Old form: rope_theta beside rope_scaling; new form: both inside rope_parameters.
RopeConfig parse_rope(const JsonReader& r, std::int64_t max_positions) {
  RopeConfig rope;
  rope.theta = r.number("rope_theta", rope.theta);
  const char* key = r.has("rope_scaling") ? "rope_scaling" : "rope_parameters";
  const json object = section(r, key, json::object());
  const JsonReader p(object, r.origin(), std::string("text_config.") + key + ".");
  const std::string type = p.string("rope_type", p.string("type", "default"));
  rope.theta = p.number("rope_theta", rope.theta);
  if (type == "linear") {
    rope.type = RopeConfig::Type::kLinear;
  } else if (type == "llama3") {
    rope.type = RopeConfig::Type::kLlama3;
  } else if (type != "default") {
    throw p.error("rope_type", "is '" + type + "'; default, linear and llama3 are supported");
  }
  if (rope.type != RopeConfig::Type::kDefault) {
    if (!p.has("factor")) throw p.error("factor", "is missing");
    rope.factor = p.number("factor", 1.0);
  }
  if (rope.type == RopeConfig::Type::kLlama3) {
    for (const char* needed : {"low_freq_factor", "high_freq_factor"}) {
      if (!p.has(needed)) throw p.error(needed, "is missing");
    }
    rope.low_freq_factor = p.number("low_freq_factor", 1.0);
    rope.high_freq_factor = p.number("high_freq_factor", 4.0);
    rope.original_max_positions =
        p.number("original_max_position_embeddings", static_cast<double>(max_positions));
    if (rope.high_freq_factor == rope.low_freq_factor) {
      throw p.error("high_freq_factor", "equals low_freq_factor");
    }
  }
  if (rope.theta <= 0.0 || rope.factor <= 0.0) throw p.error("factor", "or theta is not positive");
  if (p.number("partial_rotary_factor", r.number("partial_rotary_factor", 1.0)) != 1.0) {
    throw p.error("partial_rotary_factor", "must be 1");
  }
  return rope;
}

std::vector<std::int32_t> token_list(const JsonReader& r, const char* key, std::int32_t fallback) {
  const json* value = r.find(key);
  if (value == nullptr) return {fallback};
  std::vector<std::int32_t> ids;
  for (const json& id : value->is_array() ? *value : json::array({*value})) {
    if (!id.is_number_integer() || id.get<std::int64_t>() < 0 ||
        id.get<std::int64_t>() > kMaxSize) {
      throw r.error(key, "must be a token id or a list of them");
    }
    ids.push_back(id.get<std::int32_t>());
  }
  return ids;
}

DecoderConfig parse_decoder(const json& object, const std::string& origin) {
  const JsonReader r(object, origin, "text_config.");
  DecoderConfig c;
  c.type = r.string("model_type", "llama");
  if (c.type != "llama" && c.type != "mistral") {
    throw r.error("model_type", "is '" + c.type + "'; llama and mistral are supported");
  }
  const bool mistral = c.type == "mistral";
  if (mistral) {
    c.intermediate_size = 14336;
    c.max_positions = 4096 * 32;
    c.sliding_window = 4096;
  }
  c.vocab_size = r.integer("vocab_size", c.vocab_size, 1, kMaxSize);
  c.hidden_size = r.integer("hidden_size", c.hidden_size, 1, kMaxSize);
  c.intermediate_size = r.integer("intermediate_size", c.intermediate_size, 1, kMaxSize);
  c.layers = r.integer("num_hidden_layers", c.layers, 1, 4096);
  c.heads = r.integer("num_attention_heads", c.heads, 1, 4096);
  // An explicit null means as many as heads; an absent key takes the type's default.
  const bool null_groups = object.contains("num_key_value_heads") && !r.has("num_key_value_heads");
  c.key_value_heads =
      r.integer("num_key_value_heads", mistral && !null_groups ? 8 : c.heads, 1, 4096);
  c.head_size = r.integer("head_dim", c.hidden_size / c.heads, 2, kMaxSize);
  c.max_positions = r.integer("max_position_embeddings", c.max_positions, 1, 1 << 30);
  c.activation = activation(r, "hidden_act", "silu");
  c.rms_norm_eps = r.number("rms_norm_eps", c.rms_norm_eps);
  if (!mistral) {
    c.attention_bias = r.boolean("attention_bias", false);
    c.mlp_bias = r.boolean("mlp_bias", false);
  } else if (object.contains("sliding_window")) {
    c.sliding_window.reset();
    if (r.has("sliding_window")) c.sliding_window = r.integer("sliding_window", 0, 1, 1 << 30);
  }
  if (c.heads % c.key_value_heads != 0) {
    throw r.error("num_attention_heads", "is not a multiple of num_key_value_heads");
  }
  if (!r.has("head_dim") && c.hidden_size % c.heads != 0) {
    throw r.error("hidden_size", "is not a multiple of num_attention_heads");
  }
  if (c.head_size % 2 != 0) throw r.error("head_dim", "must be even");
  c.rope = parse_rope(r, c.max_positions);
  c.eos_token_ids = token_list(r, "eos_token_id", 2);
  return c;
}

std::vector<std::int64_t> parse_feature_layers(const JsonReader& r, std::int64_t layers) {
  const json* value = r.find("vision_feature_layer");
  if (value == nullptr) return {-2};
  const json list = value->is_array() ? *value : json::array({*value});
  std::vector<std::int64_t> result;
  for (const json& layer : list) {
    if (!layer.is_number_integer())
      throw r.error("vision_feature_layer", "must be a layer or a list");
    const auto i = layer.get<std::int64_t>();
    if (i > layers || i < -layers - 1) {
      throw r.error("vision_feature_layer", "names layer " + std::to_string(i) + " of a tower of " +
                                                std::to_string(layers));
    }
    result.push_back(i);
  }
  if (result.empty()) throw r.error("vision_feature_layer", "is empty");
  return result;
}

}  // namespace

std::vector<float> RopeConfig::inverse_frequencies(std::int64_t head_size) const {
  std::vector<float> frequencies;
  for (std::int64_t i = 0; i < head_size; i += 2) {
    const float power = static_cast<float>(i) / static_cast<float>(head_size);
    float f = 1.0f / static_cast<float>(std::pow(theta, static_cast<double>(power)));
    if (type == Type::kLinear) f /= static_cast<float>(factor);
    if (type == Type::kLlama3) {
      const double wavelength = static_cast<float>(2.0 * std::acos(-1.0)) / f;
      if (wavelength > original_max_positions / low_freq_factor) {
        f /= static_cast<float>(factor);
      } else if (wavelength >= original_max_positions / high_freq_factor) {
        const auto smooth =
            static_cast<float>((original_max_positions / wavelength - low_freq_factor) /
                               (high_freq_factor - low_freq_factor));
        f = (1.0f - smooth) * f / static_cast<float>(factor) + smooth * f;
      }
    }
    frequencies.push_back(f);
  }
  return frequencies;
}

std::string read_model_type(const std::string& folder) {
  const std::string path = folder + "/config.json";
  const json object = parse_object(text::read_file(path), path);
  const JsonReader r(object, path);
  if (!r.has("model_type")) throw r.error("model_type", "is missing");
  return r.string("model_type", {});
}

LlavaConfig read_llava_config(const std::string& folder) {
  const std::string path = folder + "/config.json";
  return parse_llava_config(text::read_file(path), path);
}

LlavaConfig parse_llava_config(std::string_view text, const std::string& origin) {
  const json object = parse_object(text, origin);
  const JsonReader r(object, origin);
  const std::string type = r.string("model_type", "");
  if (type != "llava") {
    throw r.error("model_type", "is '" + type + "'; llava is supported");
  }
  LlavaConfig c;
  // Without a vision_config, transformers takes the tower of LLaVA 1.5.
  const json tower = {{"hidden_size", 1024},     {"intermediate_size", 4096},
                      {"patch_size", 14},        {"image_size", 336},
                      {"num_hidden_layers", 24}, {"num_attention_heads", 16}};
  const json text_section = section(r, "text_config", json::object());
  c.vision = parse_vision(section(r, "vision_config", tower), origin);
  c.text = parse_decoder(text_section, origin);
  c.image_token = static_cast<std::int32_t>(r.integer(
      r.has("image_token_index") ? "image_token_index" : "image_token_id", 32000, 0, kMaxSize));
  c.feature_layers = parse_feature_layers(r, c.vision.layers);
  const std::string strategy = r.string("vision_feature_select_strategy", "default");
  if (strategy != "default" && strategy != "full") {
    throw r.error("vision_feature_select_strategy",
                  "is '" + strategy + "'; default and full are supported");
  }
  c.drop_class_token = strategy == "default";
  c.projector_activation = activation(r, "projector_hidden_act", "gelu");
  c.projector_bias = r.boolean("multimodal_projector_bias", true);
  c.tie_word_embeddings =
      r.boolean("tie_word_embeddings", false) ||
      JsonReader(text_section, origin, "text_config.").boolean("tie_word_embeddings", false);
  return c;
}

}  // namespace firstlight::nn
