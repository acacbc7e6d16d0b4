#include <algorithm>

#include "firstlight/base/parallel.h"
#include "firstlight/kernels/kernels.h"
#include "variant.h"

namespace firstlight::kernels {
namespace {

/// Rows of n numbers that are worth a hand-over to another thread.
std::size_t row_grain(std::size_t n) { return std::max<std::size_t>(1, (1 << 16) / (n + 1)); }

}  // namespace

void Kernels::layer_norm(const float* x, std::size_t m, std::size_t n, const float* weight,
                         const float* bias, float eps, float* y) const {
  parallel_for(m, row_grain(n), [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      table_->layer_norm(x + r * n, n, weight, bias, eps, y + r * n);
    }
  });
}

void Kernels::rms_norm(const float* x, std::size_t m, std::size_t n, const float* weight, float eps,
                       float* y) const {
  parallel_for(m, row_grain(n), [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      table_->rms_norm(x + r * n, n, weight, eps, y + r * n);
    }
  });
}

void Kernels::activate(Activation activation, float* x, std::size_t m, std::size_t n,
                       std::size_t stride) const {
  parallel_for(m, row_grain(n), [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      table_->activate(static_cast<int>(activation), x + r * stride, nullptr, x + r * stride, n);
    }
  });
}

void Kernels::gate(Activation activation, const float* x, std::size_t m, std::size_t n,
                   std::size_t x_stride, float* y) const {
  parallel_for(m, row_grain(n), [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const float* row = x + r * x_stride;
      table_->activate(static_cast<int>(activation), row, row + n, y + r * n, n);
    }
  });
}

void Kernels::rotate(float* x, std::size_t m, std::size_t stride, std::size_t heads,
                     std::size_t head_size, const float* cos, const float* sin) const {
  const std::size_t half = head_size / 2;
  parallel_for(m, row_grain(heads * head_size), [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      for (std::size_t h = 0; h < heads; ++h) {
        table_->rotate(x + r * stride + h * head_size, half, cos + r * half, sin + r * half);
      }
    }
  });
}

void Kernels::depthwise(const float* x, const std::int32_t* table, std::size_t rows,
                        std::size_t taps, const float* w, const float* bias, std::size_t channels,
                        float* y) const {
  parallel_for(rows, row_grain(channels * taps), [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      table_->depthwise({x, table + r * taps, taps, w, bias, channels, y + r * channels});
    }
  });
}

float Kernels::log_sum_exp(const float* x, std::size_t n) const {
  return table_->log_sum_exp(x, n);
}

}  // namespace firstlight::kernels
