#pragma once

#include <cstdint>

namespace firstlight::aten {

/// Shape of a LLaVA-type model: CLIP ViT, two-layer projector, Llama decoder. Names are those of
/// Hugging Face's config.json.
struct LlavaShape {
  struct Vision {
    std::int64_t image_size = 96;
    std::int64_t patch_size = 12;
    std::int64_t hidden_size = 192;
    std::int64_t num_hidden_layers = 6;
    std::int64_t num_attention_heads = 6;
    std::int64_t intermediate_size = 768;
    double layer_norm_eps = 1e-5;

    std::int64_t patches() const { return (image_size / patch_size) * (image_size / patch_size); }
  };
  struct Text {
    std::int64_t vocab_size = 2048;
    std::int64_t hidden_size = 256;
    std::int64_t num_hidden_layers = 6;
    std::int64_t num_attention_heads = 8;
    std::int64_t num_key_value_heads = 4;
    std::int64_t intermediate_size = 704;
    std::int64_t max_position_embeddings = 2048;
    double rms_norm_eps = 1e-5;
    double rope_theta = 10000.0;

    std::int64_t head_dim() const { return hidden_size / num_attention_heads; }
  };
  Vision vision;
  Text text;
};

}  // namespace firstlight::aten
