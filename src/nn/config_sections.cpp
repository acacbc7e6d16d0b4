#include "config_sections.h"

#include <cmath>
#include <set>
#include <vector>

namespace firstlight::nn {

using nlohmann::json;

Activation read_activation(const JsonReader& r, const char* key, const char* fallback) {
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

json read_section(const JsonReader& r, const char* key, json when_absent) {
  const json* value = r.find(key);
  if (value == nullptr) return when_absent;
  if (!value->is_object()) throw r.error(key, "must be an object");
  return *value;
}

std::int32_t read_image_token(const JsonReader& r, std::int32_t fallback) {
  return static_cast<std::int32_t>(r.integer(
      r.has("image_token_index") ? "image_token_index" : "image_token_id", fallback, 0, kMaxSize));
}

namespace {

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
RopeConfig parse_rope(const JsonReader& r, const DecoderConfig& c, double theta) {
  using Type = RopeConfig::Type;
  RopeConfig rope;
  rope.theta = theta;
  const json* scaling = r.find("rope_scaling");
  const char* key = scaling != nullptr && !scaling->empty() ? "rope_scaling" : "rope_parameters";
  const json object = read_section(r, key, json::object());
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

/// cross_attention_layers of mllama. An entry beyond the last layer means nothing, as in
/// transformers.
void read_cross_layers(const JsonReader& r, DecoderConfig& c) {
  std::set<std::int64_t> layers;
  const json* value = r.find("cross_attention_layers");
  for (const json& layer : value ? *value : json({3, 8, 13, 18, 23, 28, 33, 38})) {
    if (!layer.is_number_integer())
      throw r.error("cross_attention_layers", "must be a list of layers");
    const auto i = layer.get<std::int64_t>();
    if (i >= 0 && i < c.layers) layers.insert(i);
  }
  if (layers.empty()) throw r.error("cross_attention_layers", "names no layer of the decoder");
  c.cross_attention_layers.assign(layers.begin(), layers.end());
}

}  // namespace

DecoderConfig read_decoder(const json& object, const std::string& origin,
                           const std::string& fallback_type) {
  const JsonReader r(object, origin, "text_config.");
  DecoderConfig c;
  c.type = r.string("model_type", fallback_type);
  const bool mistral = c.type == "mistral";
  const bool mllama = c.type == "mllama_text_model";
  if (mllama != (fallback_type == "mllama_text_model") ||
      (!mllama && !mistral && c.type != "llama")) {
    throw r.error("model_type", "is '" + c.type + "'; llama and mistral are supported, and " +
                                    "mllama_text_model for mllama");
  }
  if (mistral) {
    c.intermediate_size = 14336;
    c.max_positions = 4096 * 32;
    c.sliding_window = 4096;
  }
  if (mllama) {
    c.vocab_size = 128256;
    c.intermediate_size = 14336;
    c.layers = 40;
    c.max_positions = 131072;
    c.rms_norm_eps = 1e-5;
    c.extra_embeddings = 8;
  }
  c.vocab_size = r.integer("vocab_size", c.vocab_size, 1, kMaxSize);
  c.hidden_size = r.integer("hidden_size", c.hidden_size, 1, kMaxSize);
  c.intermediate_size = r.integer("intermediate_size", c.intermediate_size, 1, kMaxSize);
  c.layers = r.integer("num_hidden_layers", c.layers, 1, 4096);
  c.heads = r.integer("num_attention_heads", c.heads, 1, 4096);
  // An explicit null means as many as heads; an absent key takes the type's default.
  const bool null_groups = object.contains("num_key_value_heads") && !r.has("num_key_value_heads");
  c.key_value_heads =
      r.integer("num_key_value_heads", (mistral || mllama) && !null_groups ? 8 : c.heads, 1, 4096);
  c.head_size = r.integer("head_dim", c.hidden_size / c.heads, 2, kMaxSize);
  c.max_positions = r.integer("max_position_embeddings", c.max_positions, 1, 1 << 30);
  c.activation = read_activation(r, "hidden_act", "silu");
  c.rms_norm_eps = r.number("rms_norm_eps", c.rms_norm_eps);
  if (mllama) {
    read_cross_layers(r, c);
  } else if (!mistral) {
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
  c.rope = parse_rope(r, c, mllama ? 500000.0 : 10000.0);
  c.eos_token_ids = r.token_ids("eos_token_id").value_or(std::vector{mllama ? 128001 : 2});
  if (c.eos_token_ids.empty()) throw r.error("eos_token_id", "is empty");
  return c;
}

}  // namespace firstlight::nn
