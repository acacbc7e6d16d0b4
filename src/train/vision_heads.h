#pragma once

#include <torch/types.h>

#include <utility>
#include <vector>

#include "firstlight/train/batch.h"
#include "firstlight/train/pool.h"
#include "firstlight/train/wording.h"
#include "readout.h"

namespace firstlight::train {

/// Linear read-outs of the mean patch feature, one row a concept, that teach the vision tower what
/// the wordings' questions ask. Used in vision stages only; the finished model has none.
class VisionHeads {
 public:
  VisionHeads(const Wordings& wordings, std::int64_t hidden_size, std::uint64_t seed);

  Readout& readout() { return readout_; }

  /// Mean cross-entropy over all questions that the samples answer. features f32
  /// [pictures, 1 + patches, hidden]: those of each sample in turn; a sample's are averaged.
  torch::Tensor loss(const torch::Tensor& features, const std::vector<Picture>& images) const;
  /// How many images answer `question`, and how many of them right.
  std::pair<int, int> count_right(const torch::Tensor& features, const std::vector<Picture>& images,
                                  const Question& question) const;

 private:
  torch::Tensor logits(const torch::Tensor& features, const std::vector<Picture>& images) const;
  std::vector<std::int64_t> columns(const Question& question) const;

  const Wordings& wordings_;
  Readout readout_;
};

}  // namespace firstlight::train
