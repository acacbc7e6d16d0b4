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
  if (name == "gelu" || name == "gelu_python") return Activation::kGelu;
  for (const char* tanh_form :
       {"gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate", "gelu_python_tanh"}) {
    if (name == tanh_form) return Activation::kGeluTanh;
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

std::vector<double> divisors(const JsonReader& p, const char* key, std::int64_t head_size) {
  const json* list = p.find(key);
  std::vector<double> numbers;
  if (list != nullptr && list->is_array()) {
    for (const json& number : *list) {
      if (number.is_number() && number.get<double>() > 0.0) numbers.push_back(number.get<double>());
    }
  }
  if (list == nullptr || numbers.size() != list->size() ||
      static_cast<std::int64_t>(numbers.size()) != head_size / 2) {
    throw p.error(key, "must be a list of " + std::to_string(head_size / 2) + " positive numbers");
  }
  return numbers;
}

RopeConfig::Type rope_type(const JsonReader& p) {
  const std::string type = p.string("rope_type", p.string("type", "default"));
  if (type == "default") return RopeConfig::Type::kDefault;
  if (type == "linear") return RopeConfig::Type::kLinear;
  if (type == "dynamic") return RopeConfig::Type::kDynamic;
  if (type == "yarn") return RopeConfig::Type::kYarn;
  if (type == "longrope") return RopeConfig::Type::kLongRope;
  if (type == "llama3") return RopeConfig::Type::kLlama3;
  if (type == "proportional") return RopeConfig::Type::kProportional;
  throw p.error("rope_type", "is '" + type +
                                 "'; default, linear, dynamic, yarn, longrope, llama3 and "
                                 "proportional are supported");
}

/// Lengths and factors of the kinds that stretch a pretraining's length.
void parse_stretch(RopeConfig& rope, const JsonReader& p) {
  using Type = RopeConfig::Type;
  // Where the factor is left open, it is the ratio of the lengths.
  if (rope.type == Type::kYarn || rope.type == Type::kLongRope) {
    rope.factor = p.number("factor", rope.max_positions / rope.original_max_positions);
    const auto scale = [&](double m) {
      return rope.factor <= 1.0 ? 1.0 : 0.1 * m * std::log(rope.factor) + 1.0;
    };
    double attention = scale(1.0);
    if (rope.type == Type::kLongRope) {
      attention =
          rope.factor <= 1.0
              ? 1.0
              : std::sqrt(1.0 + std::log(rope.factor) / std::log(rope.original_max_positions));
    } else if (p.number("mscale", 0.0) != 0.0 && p.number("mscale_all_dim", 0.0) != 0.0) {
      attention = scale(p.number("mscale", 0.0)) / scale(p.number("mscale_all_dim", 0.0));
    }
    rope.attention_factor = p.number("attention_factor", attention);
    if (!std::isfinite(rope.attention_factor)) {
      throw p.error("attention_factor", "is missing and does not follow from the other keys");
    }
  }
  if (rope.type == Type::kYarn) {
    // Zero counts as absent.
    if (p.number("beta_fast", 0.0) != 0.0) rope.beta_fast = p.number("beta_fast", 0.0);
    if (p.number("beta_slow", 0.0) != 0.0) rope.beta_slow = p.number("beta_slow", 0.0);
    rope.truncate = p.boolean("truncate", true);
    if (rope.beta_fast <= 0.0 || rope.beta_slow <= 0.0 || rope.theta == 1.0) {
      throw p.error("beta_fast", "or beta_slow is not positive, or theta is 1");
    }
  }
  if (rope.type == Type::kLlama3) {
    for (const char* needed : {"low_freq_factor", "high_freq_factor"}) {
      if (!p.has(needed)) throw p.error(needed, "is missing");
    }
    rope.low_freq_factor = p.number("low_freq_factor", 1.0);
    rope.high_freq_factor = p.number("high_freq_factor", 4.0);
    if (rope.high_freq_factor == rope.low_freq_factor) {
      throw p.error("high_freq_factor", "equals low_freq_factor");
    }
  }
}

/// Old form: rope_theta beside rope_scaling; new form: both inside rope_parameters.
RopeConfig parse_rope(const JsonReader& r, const DecoderConfig& c) {
  using Type = RopeConfig::Type;
  RopeConfig rope;
  const json* scaling = r.find("rope_scaling");
  const char* key = scaling != nullptr && !scaling->empty() ? "rope_scaling" : "rope_parameters";
  const json object = section(r, key, json::object());
  const JsonReader p(object, r.origin(), std::string("text_config.") + key + ".");
  rope.type = rope_type(p);
  rope.theta = p.number("rope_theta", r.number("rope_theta", rope.theta));
  rope.max_positions = static_cast<double>(c.max_positions);
  rope.original_max_positions =
      r.number("original_max_position_embeddings",
               p.number("original_max_position_embeddings", rope.max_positions));
  if (rope.original_max_positions < 1.0) {
    throw p.error("original_max_position_embeddings", "is not positive");
  }
  if (rope.type == Type::kLinear || rope.type == Type::kDynamic || rope.type == Type::kLlama3) {
    if (!p.has("factor")) throw p.error("factor", "is missing");
  }
  rope.factor = p.number("factor", 1.0);
  parse_stretch(rope, p);
  if (rope.theta <= 0.0 || rope.factor <= 0.0) throw p.error("factor", "or theta is not positive");
  if (rope.type == Type::kLongRope) {
    rope.short_factor = divisors(p, "short_factor", c.head_size);
    rope.long_factor = divisors(p, "long_factor", c.head_size);
  }
  if (rope.type == Type::kDynamic && (c.head_size <= 2 || rope.factor < 1.0)) {
    throw p.error("factor", "is below 1, or head_dim too small for this rope_type");
  }
  const double part = p.number("partial_rotary_factor", r.number("partial_rotary_factor", 1.0));
  if (rope.type == Type::kProportional) {
    rope.partial_rotary_factor = part;
    if (part <= 0.0 || part > 1.0) throw p.error("partial_rotary_factor", "is not in (0, 1]");
  } else if (rope.type != Type::kDefault && part != 1.0) {  // default ignores it
    throw p.error("partial_rotary_factor", "must be 1");
  }
  return rope;
}

std::vector<std::int32_t> token_list(const JsonReader& r, const char* key, std::int32_t fallback) {
  const json* value = r.find(key);
  if (value == nullptr) return {fallback};
  std::vector<std::int32_t> ids;
  if (value->empty()) throw r.error(key, "is empty");
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
  c.rope = parse_rope(r, c);
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
