#pragma once

#include <torch/types.h>

#include <map>
#include <string>

#include "firstlight/aten/llava.h"
#include "firstlight/train/batch.h"
#include "readout.h"

namespace firstlight::train {

/// A linear read-out of the decoder's middle, one row a concept, that teaches it what a class line
/// means and what a sample shows, in the same terms, so that later layers find the line that fits.
/// Used where a stage asks for it; the finished model has none.
class LineHead {
 public:
  LineHead(std::int64_t concepts, std::int64_t hidden_size, std::uint64_t seed);

  Readout& readout() { return readout_; }

  /// Rows of the decoder that `losses` reads: ends of lines, then answers.
  static torch::Tensor rows(const LineTargets& targets);
  /// Mean cross-entropies by name: `lines`, the concept that each line describes; `marks`, what the
  /// answer of each is; `shown`, the concept, of those listed, that the sample shows, at the rows
  /// where a label is learnt; `pointers`, attention of the next layer (the heads of the first key
  /// head) from there to the end of the label's line. `middle` of `rows`.
  std::map<std::string, torch::Tensor> losses(const aten::Llava& model,
                                              const aten::MiddleStates& middle,
                                              const aten::PackedText& text,
                                              const LineTargets& targets) const;

 private:
  Readout readout_;
};

}  // namespace firstlight::train
