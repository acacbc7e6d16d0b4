#pragma once

#include <torch/types.h>

/// Changes of format in one vectorised pass. ATen's copies between f32 and bf16, and of transposed
/// bf16, were a third of a training step (libtorch 1.13, one thread).
namespace firstlight::aten {

/// f32 or bf16 -> bf16, rounded to nearest even; contiguous.
torch::Tensor to_bf16(const torch::Tensor& x);
/// bf16 or f32 -> f32, contiguous.
torch::Tensor to_f32(const torch::Tensor& x);
/// bf16 [R,C] -> bf16 [C,R], contiguous.
torch::Tensor transposed(const torch::Tensor& x);
/// bf16 [R,C] -> sums over the rows, f32 [C].
torch::Tensor column_sums(const torch::Tensor& x);

}  // namespace firstlight::aten
