#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "firstlight/nn/named_tensor.h"
#include "firstlight/nn/sites.h"

namespace firstlight::aten {

/// The tensors of a network: what is learnt as views of one flat f32 buffer, so that an optimiser
/// makes one pass, and running statistics as views of another.
class FlatTensors {
 public:
  /// Matrices start as by He et al. 2015 (arXiv:1502.01852), embeddings with a deviation of 0.02.
  FlatTensors(const std::vector<nn::NamedTensor>& tensors, std::uint64_t seed);

  torch::Tensor& parameters() { return flat_; }
  torch::Tensor& gradients() { return gradients_; }
  torch::Tensor& statistics() { return statistics_; }
  /// Flat ranges [first, last) that weight decay applies to: matrices.
  const std::vector<std::pair<std::int64_t, std::int64_t>>& decayed() const { return decayed_; }
  const torch::Tensor& at(const std::string& name) const { return views_.at(name); }

  /// All tensors by name, f32, detached copies.
  std::map<std::string, torch::Tensor> exported() const;
  /// The inverse. Tensors whose name begins with `but` stay as they are (empty: none). Throws
  /// Error::input for a missing tensor or a wrong shape.
  void import(const std::map<std::string, torch::Tensor>& tensors, const std::string& but);

 private:
  torch::Tensor flat_;
  torch::Tensor gradients_;
  torch::Tensor statistics_;
  std::map<std::string, torch::Tensor> views_;
  std::vector<std::pair<std::int64_t, std::int64_t>> decayed_;
};

/// A classifier network that can be trained: the differentiable twin of a native one. One thread at
/// a time.
class Network {
 public:
  enum class Mode {
    kTrain,  ///< norms by the batch, dropout, products in bf16
    kBf16,   ///< as it will be used, products in bf16
    kF32,    ///< the same in f32
  };
  virtual ~Network() = default;

  virtual FlatTensors& tensors() = 0;
  /// Logits f32 [samples, classes] from the views of each sample.
  virtual torch::Tensor logits(const std::vector<std::vector<nn::ChargeMap>>& samples,
                               Mode mode) = 0;
  /// What the tensors of the last layer begin with: it has an output a class.
  virtual std::string last_layer() const = 0;
};

}  // namespace firstlight::aten
