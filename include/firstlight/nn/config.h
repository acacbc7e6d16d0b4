#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/kernels/kernels.h"
#include "firstlight/nn/rope.h"

namespace firstlight::nn {

using kernels::Activation;

/// A CLIP vision tower (`clip_vision_model`).
struct ClipVisionConfig {
  std::int64_t hidden_size = 768;
  std::int64_t intermediate_size = 3072;
  std::int64_t layers = 12;
  std::int64_t heads = 12;
  std::int64_t channels = 3;
  std::int64_t image_size = 224;
  std::int64_t patch_size = 32;
  Activation activation = Activation::kQuickGelu;
  double layer_norm_eps = 1e-5;

  std::int64_t grid() const { return image_size / patch_size; }
  std::int64_t positions() const { return grid() * grid() + 1; }
};

/// A Llama or Mistral decoder (`llama`, `mistral`), or that of Llama 3.2 Vision
/// (`mllama_text_model`).
struct DecoderConfig {
  std::string type = "llama";
  std::int64_t vocab_size = 32000;
  std::int64_t hidden_size = 4096;
  std::int64_t intermediate_size = 11008;
  std::int64_t layers = 32;
  std::int64_t heads = 32;
  std::int64_t key_value_heads = 32;
  std::int64_t head_size = 128;
  std::int64_t max_positions = 2048;
  Activation activation = Activation::kSilu;
  double rms_norm_eps = 1e-6;
  bool attention_bias = false;
  bool mlp_bias = false;
  std::optional<std::int64_t> sliding_window;  ///< keys a query sees, itself included
  RopeConfig rope;
  std::vector<std::int32_t> eos_token_ids;
  /// Layers that attend to pictures in place of the text (mllama), ascending.
  std::vector<std::int64_t> cross_attention_layers;
  std::int64_t extra_embeddings = 0;  ///< rows of the embedding beyond the vocabulary

  bool cross_attends() const { return !cross_attention_layers.empty(); }
};

/// A resolution that pictures are scaled to before they are cut into tiles.
struct GridPoint {
  int height = 0;
  int width = 0;
  friend bool operator==(const GridPoint&, const GridPoint&) = default;
};
/// image_grid_pinpoints where a folder names none.
std::vector<GridPoint> default_grid();

/// A LLaVA model (`llava`, `llava_next`): CLIP tower, two-layer projector, decoder.
struct LlavaConfig {
  ClipVisionConfig vision;
  DecoderConfig text;
  std::int32_t image_token = 32000;
  std::vector<std::int64_t> feature_layers = {-2};  ///< hidden states of the tower, 0 = embeddings
  bool drop_class_token = true;  ///< vision_feature_select_strategy: default, not full
  Activation projector_activation = Activation::kGelu;
  bool projector_bias = true;
  bool tie_word_embeddings = false;
  std::vector<GridPoint> grid;  ///< image_grid_pinpoints; empty for llava

  /// Positions that one picture of the tower's size takes.
  std::int64_t image_tokens() const { return vision.positions() - (drop_class_token ? 1 : 0); }
};

/// The vision tower of Llama 3.2 Vision (`mllama_vision_model`).
struct MllamaVisionConfig {
  std::int64_t hidden_size = 1280;
  std::int64_t intermediate_size = 5120;
  std::int64_t layers = 32;
  std::int64_t global_layers = 8;
  std::int64_t heads = 16;
  std::int64_t image_size = 448;
  std::int64_t patch_size = 14;
  Activation activation = Activation::kGelu;
  double norm_eps = 1e-5;
  std::int64_t max_tiles = 4;
  /// Layers (0 = the first) whose outputs stand beside the last one's in the features.
  std::vector<std::int64_t> intermediate_layers = {3, 7, 15, 23, 30};

  std::int64_t grid() const { return image_size / patch_size; }
  std::int64_t positions() const { return grid() * grid() + 1; }  ///< of one tile
  std::int64_t features() const {
    return hidden_size * (1 + static_cast<std::int64_t>(intermediate_layers.size()));
  }
};

/// Llama 3.2 Vision (`mllama`).
struct MllamaConfig {
  MllamaVisionConfig vision;
  DecoderConfig text;
  std::int32_t image_token = 128256;
};

/// The value of "model_type" in a folder's config.json. Throws Error::input.
std::string read_model_type(const std::string& folder);

/// Reads config.json; what it leaves out takes transformers' default for the model type. Throws
/// Error::input naming file and key for unknown model types, values that this engine does not
/// implement, and sizes that contradict each other.
LlavaConfig read_llava_config(const std::string& folder);
LlavaConfig parse_llava_config(std::string_view json, const std::string& origin);
MllamaConfig read_mllama_config(const std::string& folder);
MllamaConfig parse_mllama_config(std::string_view json, const std::string& origin);

}  // namespace firstlight::nn
