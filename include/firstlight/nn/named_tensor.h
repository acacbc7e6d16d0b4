#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace firstlight::nn {

/// A tensor of a classifier network's folder, and what it is to training.
struct NamedTensor {
  enum class Kind {
    kMatrix,
    kBias,
    kNormWeight,
    kNormBias,
    kEmbedding,
    kRunningMean,  ///< not learnt, nor is the variance
    kRunningVar,
  };
  std::string name;
  std::vector<std::int64_t> shape;
  Kind kind = Kind::kMatrix;

  bool learnt() const { return kind != Kind::kRunningMean && kind != Kind::kRunningVar; }
  std::int64_t numel() const {
    std::int64_t n = 1;
    for (const std::int64_t side : shape) n *= side;
    return n;
  }
};

/// Numbers that are learnt: all but running means and variances.
inline std::int64_t parameters_of(const std::vector<NamedTensor>& tensors) {
  std::int64_t n = 0;
  for (const NamedTensor& tensor : tensors) n += tensor.learnt() ? tensor.numel() : 0;
  return n;
}

}  // namespace firstlight::nn
