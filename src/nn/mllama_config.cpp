#include <algorithm>

#include "config_sections.h"
#include "firstlight/base/text.h"
#include "tiled_canvas.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

std::int64_t side(const JsonReader& r, const char* key, std::int64_t fallback) {
  const json* value = r.find(key);
  if (value == nullptr || !value->is_array()) return r.integer(key, fallback, 1, 65536);
  if (value->size() != 2 || (*value)[0] != (*value)[1] || !(*value)[0].is_number_integer() ||
      (*value)[0].get<std::int64_t>() < 1 || (*value)[0].get<std::int64_t>() > 65536) {
    throw r.error(key, "must be a number, or twice the same");
  }
  return (*value)[0].get<std::int64_t>();
}

MllamaVisionConfig parse_vision(const json& object, const std::string& origin) {
  const JsonReader r(object, origin, "vision_config.");
  const std::string type = r.string("model_type", "mllama_vision_model");
  if (type != "mllama_vision_model") {
    throw r.error("model_type", "is '" + type + "'; mllama goes with mllama_vision_model");
  }
  MllamaVisionConfig c;
  c.hidden_size = r.integer("hidden_size", c.hidden_size, 1, kMaxSize);
  c.intermediate_size = r.integer("intermediate_size", c.intermediate_size, 1, kMaxSize);
  c.layers = r.integer("num_hidden_layers", c.layers, 1, 4096);
  c.global_layers = r.integer("num_global_layers", c.global_layers, 0, 4096);
  c.heads = r.integer(r.has("attention_heads") ? "attention_heads" : "num_attention_heads", c.heads,
                      1, 4096);
  if (r.integer("num_channels", 3, 1, 64) != 3) throw r.error("num_channels", "must be 3");
  c.image_size = side(r, "image_size", c.image_size);
  c.patch_size = side(r, "patch_size", c.patch_size);
  c.activation = read_activation(r, "hidden_act", "gelu");
  c.norm_eps = r.number("norm_eps", c.norm_eps);
  c.max_tiles = r.integer("max_num_tiles", c.max_tiles, 1, 64);
  if (const json* list = r.find("intermediate_layers_indices")) {
    const Error malformed = r.error("intermediate_layers_indices", "must be a list of layers");
    if (!list->is_array() || list->size() > 256) throw malformed;
    c.intermediate_layers.clear();
    for (const json& layer : *list) {
      if (!layer.is_number_integer()) throw malformed;
      c.intermediate_layers.push_back(layer.get<std::int64_t>());
    }
  }
  for (std::int64_t& layer : c.intermediate_layers) {
    if (layer >= c.layers || layer < -c.layers) {
      throw r.error(
          "intermediate_layers_indices",
          "names layer " + std::to_string(layer) + " of a tower of " + std::to_string(c.layers));
    }
    if (layer < 0) layer += c.layers;
  }
  if (c.hidden_size % c.heads != 0) {
    throw r.error("hidden_size", "is not a multiple of attention_heads");
  }
  if (c.patch_size > c.image_size) throw r.error("patch_size", "is larger than image_size");
  if (r.integer("vision_output_dim", 7680, 1, kMaxSize) != c.features()) {
    throw r.error("vision_output_dim",
                  "is not hidden_size times one more than the intermediate layers, which is " +
                      std::to_string(c.features()));
  }
  const std::vector<TileLayout> layouts = tile_layouts(static_cast<int>(c.max_tiles));
  if (const json* list = r.find("supported_aspect_ratios")) {
    json expected = json::array();
    for (const TileLayout& l : layouts) expected.push_back({l.high, l.wide});
    if (*list != expected) {
      throw r.error("supported_aspect_ratios",
                    "must be all layouts of up to max_num_tiles tiles, which is what the image "
                    "processor counts: " +
                        expected.dump());
    }
  } else if (c.max_tiles != 4) {
    throw r.error("max_num_tiles", "must be 4 where supported_aspect_ratios is not given");
  }
  return c;
}

}  // namespace

MllamaConfig read_mllama_config(const std::string& folder) {
  const std::string path = folder + "/config.json";
  return parse_mllama_config(text::read_file(path), path);
}

MllamaConfig parse_mllama_config(std::string_view text, const std::string& origin) {
  const json object = parse_object(text, origin);
  const JsonReader r(object, origin);
  const std::string type = r.string("model_type", "");
  if (type != "mllama") throw r.error("model_type", "is '" + type + "'; mllama is supported");
  MllamaConfig c;
  c.vision = parse_vision(read_section(r, "vision_config", json::object()), origin);
  c.text =
      read_decoder(read_section(r, "text_config", json::object()), origin, "mllama_text_model");
  c.image_token = read_image_token(r, c.image_token);
  if (c.image_token >= c.text.vocab_size + c.text.extra_embeddings) {
    throw r.error("image_token_index", "lies outside the embedding of " +
                                           std::to_string(c.text.vocab_size) + " + " +
                                           std::to_string(c.text.extra_embeddings) + " rows");
  }
  return c;
}

}  // namespace firstlight::nn
