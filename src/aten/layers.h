#pragma once

#include <torch/types.h>

#include "firstlight/aten/tensor_set.h"
#include "firstlight/nn/config.h"

/// The parts of VisionLanguage, as functions of its weights. Shapes have no batch axis: one prompt,
/// or one picture, at a time.
namespace firstlight::aten {

torch::Tensor activate(nn::Activation activation, const torch::Tensor& x);

/// softmax(q k^T / sqrt(d) + mask) v for q [T, heads, d] and k, v [S, groups, d], heads a multiple
/// of groups; `mask` is added, [T, S] in q's number type, or undefined. Returns [T, heads d].
torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                     const torch::Tensor& mask);

/// 0 where `seen` (bool), -inf elsewhere, as a mask for queries like `q`.
torch::Tensor additive_mask(const torch::Tensor& seen, const torch::Tensor& q);

/// Pixels [tiles, 3, side, side] of one picture through the patch embedding `name` of a tower:
/// [tiles, patches, hidden].
torch::Tensor embed_patches(const TensorSet& weights, const std::string& name,
                            const torch::Tensor& pixels, std::int64_t patch_size);

/// What the decoder gets of pixels [n, 3, side, side]: [n, positions, hidden].
torch::Tensor clip_rows(const TensorSet& weights, const nn::LlavaConfig& config,
                        const torch::Tensor& pixels);

/// The rows of a picture of `height` x `width` from those of its base view and tiles
/// [1 + tiles, positions, hidden]: the tiles laid out as one picture, freed from the padding, a
/// newline at the end of each row.
torch::Tensor unpadded_rows(const TensorSet& weights, const nn::LlavaConfig& config,
                            const torch::Tensor& rows, std::int64_t height, std::int64_t width);

/// Cross-attention states of one picture [tiles positions, hidden] from its tiles
/// [tiles, 3, side, side], of which the first `filled` hold something.
torch::Tensor mllama_states(const TensorSet& weights, const nn::MllamaVisionConfig& config,
                            const torch::Tensor& pixels, std::int64_t filled,
                            std::int64_t aspect_ratio_id);

/// What the positions of a prompt see of the pictures.
struct CrossRows {
  torch::Tensor states;  ///< [rows, hidden]; undefined without pictures
  torch::Tensor seen;    ///< bool [T, rows]
  torch::Tensor behind;  ///< [T, 1], 0 for positions before every picture, else 1
};

/// Embedded rows x [T, hidden] through the decoder: f32 logits [T, vocabulary].
torch::Tensor decode(const TensorSet& weights, const nn::DecoderConfig& config, torch::Tensor x,
                     const CrossRows& pictures);

}  // namespace firstlight::aten
