#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "encoder_layer.h"
#include "firstlight/nn/config.h"
#include "firstlight/nn/image_processor.h"
#include "weight_reader.h"

namespace firstlight::nn {

/// The vision tower of Llama 3.2 Vision: a transformer over all tiles of a picture at once, and a
/// gated one behind it. Immutable; safe from any thread.
class MllamaTower {
 public:
  /// Tensors as in MllamaVisionModel under `weights`.
  MllamaTower(const MllamaVisionConfig& config, const WeightReader& weights);

  /// [all_tiles, positions, features] for the filled `tiles` of one picture, the rest of all_tiles
  /// being empty (zeros): the final state of every position and, beside it, the outputs of the
  /// intermediate layers, interleaved. `aspect_ratio_id` is the layout's place in tile_layouts(),
  /// from 1 on. As in the reference, filled tiles see the empty ones and the rows that fill each
  /// tile up to a multiple of 8; these see filled tiles only.
  std::vector<float> forward(const std::vector<PixelValues>& tiles, std::size_t all_tiles,
                             std::size_t aspect_ratio_id) const;
  std::size_t positions() const { return positions_; }
  std::size_t features() const { return static_cast<std::size_t>(config_.features()); }

 private:
  struct Layer : EncoderLayer {
    float attention_gate = 1.0f, mlp_gate = 1.0f;  ///< tanh of the gates
  };
  struct Rows;
  std::vector<Layer> load_layers(const WeightReader& weights, std::int64_t count, bool gated) const;
  void embed(const std::vector<PixelValues>& tiles, std::size_t aspect_ratio_id, Rows& rows) const;
  void run(const Layer& layer, Rows& rows) const;
  /// Adds gate * embedding[id][tile] to rows [first, first + count) of a tile.
  void add_tile_embedding(const std::vector<float>& table, std::size_t id, std::size_t tile,
                          float* x, std::size_t count) const;

  const kernels::Kernels& kernels_;
  kernels::Precision precision_;
  MllamaVisionConfig config_;
  std::size_t hidden_, positions_;
  kernels::PackedMatrix patch_embedding_;
  std::vector<float> class_embedding_, position_embedding_;
  std::vector<float> pre_tile_, post_tile_;  ///< [id, tile, hidden], gated
  const TensorView* tile_positions_;         ///< [id, tile * position * hidden]; stays in the file
  float tile_position_gate_ = 0.0f;
  std::vector<float> norm_pre_weight_, norm_pre_bias_, norm_post_weight_, norm_post_bias_;
  std::vector<Layer> layers_, global_layers_;
};

}  // namespace firstlight::nn
