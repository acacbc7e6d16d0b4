#include "convert.h"

#include <ATen/Parallel.h>
#include <immintrin.h>

#include <algorithm>

#include "bits.h"

namespace firstlight::aten {
namespace {

using torch::Tensor;

constexpr std::int64_t kGrain = 1 << 15;  // values a thread takes at a time: some 10 us of work
constexpr std::int64_t kTile = 32;        // rows and columns of bf16 that stay in the L1 cache

std::uint16_t* bits16(const Tensor& x) {
  return reinterpret_cast<std::uint16_t*>(x.data_ptr<at::BFloat16>());
}

/// 8 x 8 numbers by three rounds of interleaving.
void transpose_8x8(const std::uint16_t* in, std::int64_t in_stride, std::uint16_t* out,
                   std::int64_t out_stride) {
  __m128i a[8];
  __m128i b[8];
  for (int i = 0; i < 8; ++i) {
    a[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i * in_stride));
  }
  for (int i = 0; i < 4; ++i) {
    b[2 * i] = _mm_unpacklo_epi16(a[i], a[i + 4]);
    b[2 * i + 1] = _mm_unpackhi_epi16(a[i], a[i + 4]);
  }
  for (int i = 0; i < 4; ++i) {
    a[2 * i] = _mm_unpacklo_epi16(b[i], b[i + 4]);
    a[2 * i + 1] = _mm_unpackhi_epi16(b[i], b[i + 4]);
  }
  for (int i = 0; i < 4; ++i) {
    b[2 * i] = _mm_unpacklo_epi16(a[i], a[i + 4]);
    b[2 * i + 1] = _mm_unpackhi_epi16(a[i], a[i + 4]);
  }
  for (int i = 0; i < 8; ++i) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i * out_stride), b[i]);
  }
}

void transpose_tile(const std::uint16_t* in, std::int64_t in_stride, std::uint16_t* out,
                    std::int64_t out_stride, std::int64_t rows, std::int64_t columns) {
  const std::int64_t whole_rows = rows / 8 * 8;
  const std::int64_t whole_columns = columns / 8 * 8;
  for (std::int64_t c = 0; c < whole_columns; c += 8) {
    for (std::int64_t r = 0; r < whole_rows; r += 8) {
      transpose_8x8(in + r * in_stride + c, in_stride, out + c * out_stride + r, out_stride);
    }
  }
  for (std::int64_t c = 0; c < columns; ++c) {
    for (std::int64_t r = c < whole_columns ? whole_rows : 0; r < rows; ++r) {
      out[c * out_stride + r] = in[r * in_stride + c];
    }
  }
}

}  // namespace

Tensor to_bf16(const Tensor& x) {
  if (x.scalar_type() == torch::kBFloat16) return x.contiguous();
  const Tensor in = x.contiguous();
  Tensor out = torch::empty(in.sizes(), in.options().dtype(torch::kBFloat16));
  const float* from = in.data_ptr<float>();
  std::uint16_t* to = bits16(out);
  at::parallel_for(0, in.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) narrow(from[i], to[i]);
  });
  return out;
}

Tensor to_f32(const Tensor& x) {
  if (x.scalar_type() == torch::kFloat) return x.contiguous();
  const Tensor in = x.contiguous();
  Tensor out = torch::empty(in.sizes(), in.options().dtype(torch::kFloat));
  const std::uint16_t* from = bits16(in);
  float* to = out.data_ptr<float>();
  at::parallel_for(0, in.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = widen(from[i]);
  });
  return out;
}

Tensor transposed(const Tensor& x) {
  const Tensor in = x.contiguous();
  const std::int64_t rows = in.size(0);
  const std::int64_t columns = in.size(1);
  Tensor out = torch::empty({columns, rows}, in.options());
  const std::uint16_t* from = bits16(in);
  std::uint16_t* to = bits16(out);
  const std::int64_t strips = (rows + kTile - 1) / kTile;
  at::parallel_for(0, strips, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin * kTile; r < std::min(end * kTile, rows); r += kTile) {
      for (std::int64_t c = 0; c < columns; c += kTile) {
        transpose_tile(from + r * columns + c, columns, to + c * rows + r, rows,
                       std::min(kTile, rows - r), std::min(kTile, columns - c));
      }
    }
  });
  return out;
}

Tensor column_sums(const Tensor& x) {
  const Tensor in = x.contiguous();
  const std::int64_t rows = in.size(0);
  const std::int64_t columns = in.size(1);
  Tensor out = torch::zeros({columns}, in.options().dtype(torch::kFloat));
  const std::uint16_t* from = bits16(in);
  float* sums = out.data_ptr<float>();
  at::parallel_for(0, columns, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::uint16_t* row = from + r * columns;
      for (std::int64_t c = begin; c < end; ++c) sums[c] += widen(row[c]);
    }
  });
  return out;
}

}  // namespace firstlight::aten
