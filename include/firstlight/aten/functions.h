#pragma once

#include <torch/types.h>

/// Differentiable building blocks in bf16 over f32 master weights, each fused where ATen would make
/// several passes. Shapes are written rows first; all tensors are contiguous.
namespace firstlight::aten {

/// y[R,N] = x[R,K] w[N,K]^T (+ bias[N]) in bf16 with f32 sums; x may be f32 or bf16, w and bias are
/// f32 masters. With `f32` set, everything stays f32 (the oracle of the native engine).
torch::Tensor linear(const torch::Tensor& x, const torch::Tensor& w, const torch::Tensor& bias,
                     bool f32);

/// x / sqrt(mean(x^2) + eps) * w over the last axis (Zhang & Sennrich 2019, arXiv:1910.07467); x is
/// f32 [R,C]; the result is bf16, or f32 with `f32` set.
torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& w, double eps, bool f32);

/// Rotary position embedding (Su et al. 2021, arXiv:2104.09864) in the half-split form of Llama on
/// the first `rotated` heads of x[R,H,D]; cosine and sine are f32 [R,D/2]. Keeps the dtype.
torch::Tensor rotary(const torch::Tensor& x, const torch::Tensor& cosine, const torch::Tensor& sine,
                     std::int64_t rotated);

/// Attention weights: softmax(scale * x) over the last axis of x[...,L,C] with L <= C, where row i
/// sees the first C - L + i + 1 columns and gives the others 0. Keeps the dtype.
torch::Tensor causal_softmax(const torch::Tensor& x, double scale);

/// silu(gate) * up for x[R,2I] = [gate | up] (Shazeer 2020, arXiv:2002.05202). Keeps the dtype.
torch::Tensor swiglu(const torch::Tensor& x);

}  // namespace firstlight::aten
