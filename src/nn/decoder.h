#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "cross_attention.h"
#include "firstlight/nn/config.h"
#include "weight_reader.h"

namespace firstlight::nn {

/// Keys and values of all layers for one sequence; those of cross-attention layers stay empty. One
/// thread at a time.
struct DecoderState {
  std::vector<kernels::KeyValues> layers;
  /// Rotary frequencies of this sequence where its length gives it others than short ones have.
  std::vector<float> frequencies;
};

/// A Llama or Mistral decoder, or that of Llama 3.2 Vision, with its embedding and output layer.
/// Immutable; safe from any thread.
class Decoder {
 public:
  /// Tensors as in LlamaModel under `text`; the output layer is `head`, or the embedding where
  /// `head` is null. The embedding's table stays in the mapped file.
  Decoder(const DecoderConfig& config, const WeightReader& text, const WeightReader* head);

  const DecoderConfig& config() const { return config_; }
  std::size_t hidden() const { return config_.hidden_size; }
  /// That of the first layer, nothing where it is not in 4 bits.
  std::optional<FourBitType> four_bit_type() const { return layers_[0].down.four_bit_type(); }
  /// Rows of the embedding: the vocabulary and what stands beyond it.
  std::int64_t embeddings() const { return config_.vocab_size + config_.extra_embeddings; }
  /// Throws Error::input for an id outside the embedding.
  void embed(std::int32_t token, float* out) const;
  /// Room for `capacity` positions of a sequence that has `length` in all: some models turn their
  /// keys by frequencies that depend on it.
  DecoderState make_state(std::size_t capacity, std::size_t length) const;
  /// The frequencies of such a sequence in its state: none where they are those of short ones.
  std::vector<float> frequencies(std::size_t length) const;
  /// Takes over the first `count` positions of another state, made for the same length.
  void assign(DecoderState& state, const DecoderState& from, std::size_t count) const;
  /// Leaves the first `count` positions of a state and makes room for `capacity` in all, layer by
  /// layer.
  void shorten(DecoderState& state, std::size_t count, std::size_t capacity) const;

  /// Keys and values of pictures, each given as cross-attention states [all_rows, hidden] of which
  /// the first own_rows belong to filled tiles.
  struct CrossStates {
    const float* states = nullptr;
    std::size_t own_rows = 0;
    std::size_t all_rows = 0;
  };
  CrossState make_cross_state(std::span<const CrossStates> pictures) const;

  /// Called with the residual stream after each layer that ran, 0 being the input.
  using Observer = std::function<void(std::size_t layer, const float* x)>;

  /// Runs `m` new rows through all layers: x [m, hidden] becomes the residual stream after the
  /// last one. Row i stands at positions[i] and sees visible[i] among the state's keys, of which
  /// the new rows are the last m. With `wanted`, only these rows (ascending) are computed in the
  /// last layer and x holds them packed; the others are undefined. Cross-attention layers are left
  /// out without `cross`, as the reference does without pictures.
  void forward(DecoderState& state, float* x, std::size_t m, const std::int64_t* positions,
               const kernels::Visible* visible, const CrossInput* cross = nullptr,
               std::span<const std::size_t> wanted = {}, const Observer& observer = {}) const;

  /// Final norm.
  void normalise(const float* x, std::size_t m, float* y) const;
  /// [m, vocabulary] from normalised rows.
  void logits(const float* x, std::size_t m, float* y) const;

  /// The keys that a row at `position` of a plain sequence sees, before itself and itself.
  kernels::Visible causal(std::size_t position) const;
  /// First key inside the window of a row at `position`.
  std::size_t window_begin(std::size_t position) const;

 private:
  struct Layer {
    std::vector<float> norm1, norm2;
    LinearLayer query_key_value, out;     ///< not of cross-attention layers
    std::optional<CrossAttention> cross;  ///< of cross-attention layers
    float mlp_gate = 1.0f;                ///< of cross-attention layers: tanh of the gate
    LinearLayer gate_up, down;
  };
  kernels::KeyValues make_key_values(std::size_t capacity) const;
  /// The rows of one call on their way through the layers.
  struct Pass;
  void attend(const Layer& layer, kernels::KeyValues& kv, Pass& pass, bool pack) const;
  void attend_to_pictures(const Layer& layer, const kernels::KeyValues& kv, Pass& pass,
                          bool pack) const;
  void feed_forward(const Layer& layer, Pass& pass) const;
  /// Sines and cosines [m, head_size / 2] of these positions, times the model's attention factor.
  void turn(const std::vector<float>& frequencies, const std::int64_t* positions, std::size_t m,
            float* cos, float* sin) const;
  void fill_rotary(const DecoderState& state, const std::int64_t* positions, std::size_t m,
                   float* cos, float* sin) const;

  const kernels::Kernels& kernels_;
  kernels::Precision precision_;
  DecoderConfig config_;
  const TensorView& embedding_;
  std::vector<Layer> layers_;
  std::vector<float> norm_;
  kernels::PackedMatrix head_;
  std::vector<float> frequencies_;
  std::size_t table_rows_ = 0;    ///< positions with precomputed rotation
  std::vector<float> cos_, sin_;  ///< [table_rows_, head_size / 2]
};

}  // namespace firstlight::nn
