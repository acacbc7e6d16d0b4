#include "firstlight/nn/config.h"

#include "config_sections.h"
#include "firstlight/base/text.h"
#include "processor_settings.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

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
  c.activation = read_activation(r, "hidden_act", "quick_gelu");
  c.layer_norm_eps = r.number("layer_norm_eps", c.layer_norm_eps);
  if (c.channels != 3) throw r.error("num_channels", "must be 3");
  if (c.hidden_size % c.heads != 0) {
    throw r.error("hidden_size", "is not a multiple of num_attention_heads");
  }
  if (c.patch_size > c.image_size) throw r.error("patch_size", "is larger than image_size");
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

std::vector<GridPoint> default_grid() {
  return {{336, 672}, {672, 336}, {672, 672}, {1008, 336}, {336, 1008}};
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
  if (type != "llava" && type != "llava_next") {
    throw r.error("model_type", "is '" + type + "'; llava and llava_next are supported");
  }
  LlavaConfig c;
  if (type == "llava_next") {
    const json* grid = r.find("image_grid_pinpoints");
    c.grid = grid ? read_grid(*grid, origin) : default_grid();
  }
  // Without a vision_config, transformers takes the tower of LLaVA 1.5.
  const json tower = {{"hidden_size", 1024},     {"intermediate_size", 4096},
                      {"patch_size", 14},        {"image_size", 336},
                      {"num_hidden_layers", 24}, {"num_attention_heads", 16}};
  const json text_section = read_section(r, "text_config", json::object());
  c.vision = parse_vision(read_section(r, "vision_config", tower), origin);
  c.text = read_decoder(text_section, origin, "llama");
  c.image_token = read_image_token(r, 32000);
  c.feature_layers = parse_feature_layers(r, c.vision.layers);
  const std::string strategy = r.string("vision_feature_select_strategy", "default");
  if (strategy != "default" && strategy != "full") {
    throw r.error("vision_feature_select_strategy",
                  "is '" + strategy + "'; default and full are supported");
  }
  c.drop_class_token = strategy == "default";
  c.projector_activation = read_activation(r, "projector_hidden_act", "gelu");
  c.projector_bias = r.boolean("multimodal_projector_bias", true);
  c.tie_word_embeddings =
      r.boolean("tie_word_embeddings", false) ||
      JsonReader(text_section, origin, "text_config.").boolean("tie_word_embeddings", false);
  return c;
}

}  // namespace firstlight::nn
