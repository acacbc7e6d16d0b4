#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "firstlight/kernels/kernels.h"
#include "firstlight/nn/safetensors.h"

namespace firstlight::nn {

/// A linear layer: packed weights and a bias (empty where it has none).
struct LinearLayer {
  kernels::PackedMatrix weight;
  std::vector<float> bias;

  const float* bias_or_null() const { return bias.empty() ? nullptr : bias.data(); }
};

/// Takes weights under a prefix from a folder, checks their shapes, packs matrices for the kernels
/// and lets go of the file's pages. Errors name file and tensor.
class WeightReader {
 public:
  WeightReader(const Weights& weights, const kernels::Kernels& kernels,
               kernels::Precision precision, std::string prefix = {})
      : weights_(weights), kernels_(kernels), precision_(precision), prefix_(std::move(prefix)) {}

  WeightReader under(const std::string& prefix) const {
    return WeightReader(weights_, kernels_, precision_, prefix_ + prefix);
  }

  /// The tensor, which must have exactly this shape.
  const TensorView& tensor(const std::string& name, const std::vector<std::int64_t>& shape) const;
  std::vector<float> vector(const std::string& name, std::int64_t size) const;
  /// `name`.weight of [outputs, inputs], and `name`.bias where `bias`.
  LinearLayer linear(const std::string& name, std::int64_t outputs, std::int64_t inputs,
                     bool bias) const;
  /// Several layers of the same input side by side as one.
  struct Part {
    std::string name;
    std::int64_t outputs;
  };
  LinearLayer joined(const std::vector<Part>& parts, std::int64_t inputs, bool bias) const;
  /// A matrix from a tensor whose trailing dimensions are its columns.
  kernels::PackedMatrix matrix(const TensorView& tensor, std::int64_t rows,
                               std::int64_t columns) const;

  const kernels::Kernels& kernels() const { return kernels_; }
  kernels::Precision precision() const { return precision_; }

 private:
  void set_rows(kernels::PackedMatrix& matrix, std::size_t first, std::size_t count,
                const TensorView& tensor) const;

  const Weights& weights_;
  const kernels::Kernels& kernels_;
  kernels::Precision precision_;
  std::string prefix_;
};

}  // namespace firstlight::nn
