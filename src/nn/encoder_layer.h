#pragma once

#include <cstddef>
#include <vector>

#include "firstlight/kernels/kernels.h"
#include "weight_reader.h"

namespace firstlight::nn {

/// A layer of a vision transformer with norms before attention and before the two-layer perceptron
/// (Dosovitskiy et al. 2021, arXiv:2010.11929).
struct EncoderLayer {
  std::vector<float> norm1_weight, norm1_bias, norm2_weight, norm2_bias;
  LinearLayer query_key_value, out, fc1, fc2;
};

struct EncoderShape {
  std::size_t hidden = 0;
  std::size_t heads = 0;
  std::size_t wide = 0;  ///< of the perceptron
  kernels::Activation activation = kernels::Activation::kGelu;
  float norm_eps = 1e-5F;
};

/// One sequence on its way through layers: every token sees every other. One thread at a time.
class EncoderPass {
 public:
  EncoderPass(const kernels::Kernels& kernels, kernels::Precision precision,
              const EncoderShape& shape, std::size_t tokens);
  /// Changes x [tokens, hidden].
  void apply(const EncoderLayer& layer, float* x);

 private:
  const kernels::Kernels& kernels_;
  EncoderShape shape_;
  std::size_t tokens_;
  kernels::Buffer<float> normed_, mixed_, qkv_, inner_;
  kernels::KeyValues key_values_;
  std::vector<kernels::Visible> everything_;
};

}  // namespace firstlight::nn
