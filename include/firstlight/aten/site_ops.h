#pragma once

#include <torch/types.h>

/// Differentiable operations on rows of sites (nn/sites.h). Tables are i32 [rows out, taps] with -1
/// where there is no site. Rows are f32 or bf16 [R,C]; results keep the dtype unless said
/// otherwise, sums are f32.
namespace firstlight::aten {

enum class RowActivation { kNone, kRelu, kRelu6, kHardSwish };

/// Batch normalisation over rows (Ioffe & Szegedy 2015, arXiv:1502.03167), then activation.
/// `running_mean` and `running_var` (unbiased) move by `momentum` where `training`; else they are
/// what is subtracted and divided by.
torch::Tensor norm_rows(const torch::Tensor& x, const torch::Tensor& weight,
                        const torch::Tensor& bias, torch::Tensor running_mean,
                        torch::Tensor running_var, double eps, double momentum, bool training,
                        RowActivation activation);

/// y[r] = [x[table[r,0]] | x[table[r,1]] | ...], zeros where there is no site: [rows, taps * C].
/// `back` is reversed(table).
torch::Tensor gather_rows(const torch::Tensor& x, const torch::Tensor& table,
                          const torch::Tensor& back);

/// y[r,c] = sum over t of w[t,c] x[table[r,t],c] with w f32 [taps,C].
torch::Tensor depthwise_rows(const torch::Tensor& x, const torch::Tensor& w,
                             const torch::Tensor& table, const torch::Tensor& back);

/// The greatest of the window's sites, for each channel.
torch::Tensor max_rows(const torch::Tensor& x, const torch::Tensor& table);

/// Means over the rows of each map: f32 [maps,C]; zeros for a map without rows. `first` is i64
/// [maps + 1], the map's first row and, last, the number of rows.
torch::Tensor mean_of_maps(const torch::Tensor& x, const torch::Tensor& first);

/// y[r,c] = x[r,c] * gate[map of r, c]; gate is f32 [maps,C].
torch::Tensor scale_maps(const torch::Tensor& x, const torch::Tensor& gate,
                         const torch::Tensor& first);

/// For each row of the input its output row under each tap, -1 where there is none. Every (input,
/// tap) has at most one output, so gradients need no scattering.
torch::Tensor reversed(const torch::Tensor& table, std::int64_t rows);

}  // namespace firstlight::aten
