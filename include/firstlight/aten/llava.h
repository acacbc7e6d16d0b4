#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "firstlight/aten/llava_shape.h"

namespace firstlight::aten {

/// Rows of one packed group: a shared prefix of `prefix` rows, then `branches` continuations of
/// `length` rows each (shorter ones padded at their end). A continuation attends to the prefix and
/// to its own earlier rows, so one prefix serves many samples, as in scoring.
struct PackedGroup {
  std::int64_t prefix = 0;
  std::int64_t branches = 0;
  std::int64_t length = 0;

  std::int64_t rows() const { return prefix + branches * length; }
};

/// What the decoder reads: the rows of all groups one after the other.
struct PackedText {
  std::vector<PackedGroup> groups;
  torch::Tensor token_ids;   ///< i64 [rows]; any valid id where an image feature goes
  torch::Tensor positions;   ///< i64 [rows]
  torch::Tensor image_rows;  ///< i64 [n]: rows that take image features ...
  torch::Tensor
      image_index;  ///< i64 [n]: ... and which row of the projected features, image x patch
};

/// Hidden states that `Llava::text` gives on its way.
struct MiddleStates {
  std::int64_t layers = 0;  ///< after so many layers
  torch::Tensor rows;       ///< i64 [n]: wanted
  torch::Tensor hidden;     ///< f32 [n, hidden]: given, before any norm
  torch::Tensor asking;     ///< i64 [m]: rows of which the next layer's queries are wanted
  /// Given: f32 [m, g, head_dim] and [rows, head_dim], after the rotation, of those g heads of the
  /// next layer that share the first key head.
  torch::Tensor queries, keys;
};

/// The differentiable twin of the native engine's LLaVA: used for training and as its oracle.
/// All parameters are views of one flat f32 buffer, so that an optimiser makes one pass.
/// One thread at a time.
class Llava {
 public:
  Llava(const LlavaShape& shape, std::uint64_t seed);

  const LlavaShape& shape() const { return shape_; }
  torch::Tensor& parameters() { return flat_; }
  const torch::Tensor& parameters() const { return flat_; }
  torch::Tensor& gradients() { return flat_grad_; }

  /// Offsets into the flat buffer of the vision tower: [first, last).
  std::pair<std::int64_t, std::int64_t> vision_range() const { return {0, vision_end_}; }
  /// Switches gradients of the vision tower on or off.
  void train_vision(bool on);
  /// Flat ranges [first, last) that weight decay applies to: matrices, not norms, biases or
  /// embeddings.
  const std::vector<std::pair<std::int64_t, std::int64_t>>& decayed() const { return decayed_; }

  /// pixel_values f32 [B,3,S,S] -> last hidden states f32 [B,1+patches,hidden] (class token first;
  /// no final norm, as `vision_feature_layer` -1 takes them).
  torch::Tensor vision(const torch::Tensor& pixel_values, bool f32) const;
  /// Patch rows [n,vision hidden] -> [n,text hidden] f32.
  torch::Tensor project(const torch::Tensor& patches, bool f32) const;
  /// Final hidden states (normed) at `wanted` rows -> logits f32 [wanted, vocab].
  torch::Tensor text(const PackedText& batch, const torch::Tensor& projected,
                     const torch::Tensor& wanted, bool f32, MiddleStates* middle = nullptr) const;
  /// Hidden states f32 [n, hidden] of any layer through the last norm -> logits f32 [n, vocab].
  torch::Tensor read_out(const torch::Tensor& hidden, bool f32) const;

  /// Tensors under the names of a published Hugging Face LLaVA folder, f32, detached.
  std::map<std::string, torch::Tensor> export_tensors() const;
  /// The inverse; throws Error::input for a missing tensor or a wrong shape.
  void import_tensors(const std::map<std::string, torch::Tensor>& tensors);

 private:
  torch::Tensor parameter(const std::string& name) const;

  LlavaShape shape_;
  torch::Tensor flat_;
  torch::Tensor flat_grad_;
  std::map<std::string, torch::Tensor> views_;
  std::int64_t vision_end_ = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> decayed_;
};

}  // namespace firstlight::aten
