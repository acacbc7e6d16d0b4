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

/// A Llama or Mistral decoder (`llama`, `mistral`).
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
};

/// A LLaVA model (`llava`): CLIP tower, two-layer projector, decoder.
struct LlavaConfig {
  ClipVisionConfig vision;
  DecoderConfig text;
  std::int32_t image_token = 32000;
  std::vector<std::int64_t> feature_layers = {-2};  ///< hidden states of the tower, 0 = embeddings
  bool drop_class_token = true;  ///< vision_feature_select_strategy: default, not full
  Activation projector_activation = Activation::kGelu;
  bool projector_bias = true;
  bool tie_word_embeddings = false;

  /// Positions that one image takes.
  std::int64_t image_tokens() const { return vision.positions() - (drop_class_token ? 1 : 0); }
};

/// The value of "model_type" in a folder's config.json. Throws Error::input.
std::string read_model_type(const std::string& folder);

/// Reads config.json; what it leaves out takes transformers' default for the model type. Throws
/// Error::input naming file and key for unknown model types, values that this engine does not
/// implement, and sizes that contradict each other.
LlavaConfig read_llava_config(const std::string& folder);
LlavaConfig parse_llava_config(std::string_view json, const std::string& origin);

}  // namespace firstlight::nn
