#pragma once

#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

#include "firstlight/train/pool.h"
#include "firstlight/train/wording.h"

namespace firstlight::train {

/// Linear read-outs of the mean patch feature, one row a concept, that teach the vision tower what
/// the wordings' questions ask. Used in vision stages only; the finished model has none.
class VisionHeads {
 public:
  VisionHeads(const Wordings& wordings, std::int64_t hidden_size, std::uint64_t seed);

  torch::Tensor& parameters() { return weights_; }
  torch::Tensor& gradients() { return gradients_; }

  /// Mean cross-entropy over all questions that the images answer. features f32
  /// [B, 1 + patches, hidden]; `images` in the same order.
  torch::Tensor loss(const torch::Tensor& features,
                     const std::vector<std::pair<const ImagePool*, std::size_t>>& images) const;
  /// How many images answer `question`, and how many of them right.
  std::pair<int, int> count_right(
      const torch::Tensor& features,
      const std::vector<std::pair<const ImagePool*, std::size_t>>& images,
      const Question& question) const;

 private:
  torch::Tensor logits(const torch::Tensor& features) const;
  std::vector<std::int64_t> columns(const Question& question) const;

  const Wordings& wordings_;
  std::vector<std::string> names_;
  torch::Tensor weights_;
  torch::Tensor gradients_;
};

}  // namespace firstlight::train
