#pragma once

#include <torch/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "checkpoint.h"
#include "firstlight/train/optimizer.h"

namespace firstlight::train {

/// A linear read-out of hidden states, one row a concept, with an optimiser of its own. It helps a
/// model to learn and is no part of it.
class Readout {
 public:
  /// `name`: of its tensors in checkpoints.
  Readout(std::string name, std::int64_t concepts, std::int64_t hidden_size, std::uint64_t seed);

  /// f32 [n, hidden] -> logits f32 [n, concepts]; states are normed first.
  torch::Tensor operator()(const torch::Tensor& states) const;

  /// A stage begins: nothing is known of its gradients.
  void start(const AdamW::Options& options);
  void step(double rate);
  /// A stage ends: checkpoints hold the weights alone.
  void stop() { optimizer_.reset(); }

  void save(Checkpoint& checkpoint) const;
  /// Takes the weights where they are there in this shape, and the optimiser's state if asked.
  void restore(const Checkpoint& checkpoint, bool optimizer);

 private:
  std::string name_;
  torch::Tensor weights_;
  torch::Tensor gradients_;
  std::optional<AdamW> optimizer_;
};

}  // namespace firstlight::train
