#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "firstlight/nn/config.h"
#include "weight_reader.h"

namespace firstlight::nn {

/// Keys and values of the pictures of one prompt, for every cross-attention layer. Rows: the tiles
/// of all pictures that hold something, picture by picture, then their padding tiles.
struct CrossState {
  std::vector<kernels::KeyValues> layers;
  std::size_t rows = 0;
};

/// What the rows of a forward pass see of the pictures.
struct CrossInput {
  const CrossState* state = nullptr;
  const kernels::Visible* visible = nullptr;  ///< for each row
  /// For each row, 1 where it stands before every picture: such a row sees all pictures, padding
  /// tiles too, and takes nothing from the layer's MLP, as in the reference.
  const std::uint8_t* before = nullptr;
};

/// A row's share of the pictures: which tiles every position of a prompt sees.
struct CrossPlan {
  std::vector<kernels::Visible> visible;  ///< by position of the prompt
  std::vector<std::uint8_t> before;
};

/// `image_token` stands for a picture each; `own_rows` and `all_rows` are the rows of its filled
/// tiles and of all its tiles. A position sees the last picture at or before it, with those that
/// stand directly before that one; what follows the prompt sees what its last position sees.
CrossPlan plan_cross_attention(std::span<const std::int32_t> ids, std::int32_t image_token,
                               std::span<const std::size_t> own_rows,
                               std::span<const std::size_t> all_rows);

/// Gated attention of the text to the pictures: the attention half of a cross-attention layer of
/// Llama 3.2 Vision. Immutable; safe from any thread.
class CrossAttention {
 public:
  /// Tensors as in MllamaTextCrossAttention under `weights`.
  CrossAttention(const DecoderConfig& config, const WeightReader& weights, float gate);

  /// Appends the keys and values of `count` rows of cross-attention states.
  void append(kernels::KeyValues& kv, const float* states, std::size_t count) const;
  /// x += tanh(gate) * attention(normed), for `m` rows.
  void add(const kernels::KeyValues& kv, const kernels::Visible* visible, const float* normed,
           std::size_t m, float* x) const;

 private:
  const kernels::Kernels& kernels_;
  std::size_t hidden_, heads_, key_value_heads_, head_size_;
  float eps_, gate_;
  LinearLayer query_, key_, value_, out_;
  std::vector<float> query_norm_, key_norm_;
};

}  // namespace firstlight::nn
