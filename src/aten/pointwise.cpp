#include <ATen/Parallel.h>
#include <torch/autograd.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bits.h"
#include "firstlight/aten/functions.h"

namespace firstlight::aten {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

constexpr std::int64_t kRowGrain = 32;  // rows a thread takes at a time: some 10 us of work

/// exp(x) within 2e-7 of its value for x in [-87, 88] (clamped to it), in a form that compilers
/// vectorise: 2^n by the exponent's bits, the rest by a polynomial (the coefficients of Cephes'
/// expf).
inline float fast_exp(float x) {
  x = std::min(std::max(x, -87.0F), 88.0F);
  const float n = (x * 1.44269504F + 12582912.0F) - 12582912.0F;  // rounds to an integer
  const float r = x - n * 0.693359375F + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  const float e = p * r * r + r + 1.0F;
  return e * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

template <typename T>
void softmax_rows(const T* x, T* y, std::int64_t rows, std::int64_t length, std::int64_t columns,
                  float scale) {
  at::parallel_for(0, rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> buffer(static_cast<std::size_t>(columns));
    float* values = buffer.data();
    for (std::int64_t row = begin; row < end; ++row) {
      const T* in = x + row * columns;
      T* out = y + row * columns;
      const std::int64_t seen = columns - length + row % length + 1;
      for (std::int64_t c = 0; c < seen; ++c) values[c] = widen(in[c]) * scale;
      float top = values[0];
#pragma omp simd reduction(max : top)
      for (std::int64_t c = 1; c < seen; ++c) top = std::max(top, values[c]);
      for (std::int64_t c = 0; c < seen; ++c) values[c] = fast_exp(values[c] - top);
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::int64_t c = 0; c < seen; ++c) sum += values[c];
      const float inverse = 1.0F / sum;
      for (std::int64_t c = 0; c < seen; ++c) narrow(values[c] * inverse, out[c]);
      std::fill(out + seen, out + columns, T{});
    }
  });
}

template <typename T>
void softmax_backward_rows(const T* y, const T* grad, T* out, std::int64_t rows,
                           std::int64_t columns, float scale) {
  at::parallel_for(0, rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* yr = y + row * columns;
      const T* gr = grad + row * columns;
      float dot = 0;
#pragma omp simd reduction(+ : dot)
      for (std::int64_t c = 0; c < columns; ++c) dot += widen(yr[c]) * widen(gr[c]);
      for (std::int64_t c = 0; c < columns; ++c) {
        narrow(scale * widen(yr[c]) * (widen(gr[c]) - dot), out[row * columns + c]);
      }
    }
  });
}

struct CausalSoftmax : Function<CausalSoftmax> {
  static Tensor forward(AutogradContext* context, const Tensor& x, double scale) {
    const Tensor in = x.contiguous();
    const std::int64_t length = in.size(-2);
    const std::int64_t columns = in.size(-1);
    const std::int64_t rows = columns == 0 ? 0 : in.numel() / columns;
    Tensor y = torch::empty_like(in);
    with_elements(in, [&]<typename T>(T* from) {
      softmax_rows(from, elements<T>(y), rows, length, columns, static_cast<float>(scale));
    });
    context->save_for_backward({y});
    context->saved_data["scale"] = scale;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const Tensor y = context->get_saved_variables()[0];
    const Tensor g = grads[0].contiguous();
    const auto scale = static_cast<float>(context->saved_data["scale"].toDouble());
    const std::int64_t columns = y.size(-1);
    const std::int64_t rows = columns == 0 ? 0 : y.numel() / columns;
    Tensor out = torch::empty_like(y);
    with_elements(y, [&]<typename T>(T* weights) {
      softmax_backward_rows(weights, elements<T>(g), elements<T>(out), rows, columns, scale);
    });
    return {out, Tensor()};
  }
};

template <typename T>
void swiglu_rows(const T* x, T* y, std::int64_t rows, std::int64_t width) {
  at::parallel_for(0, rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* gate = x + row * 2 * width;
      const T* up = gate + width;
      T* out = y + row * width;
      for (std::int64_t i = 0; i < width; ++i) {
        const float g = widen(gate[i]);
        narrow(g / (1.0F + fast_exp(-g)) * widen(up[i]), out[i]);
      }
    }
  });
}

template <typename T>
void swiglu_backward_rows(const T* x, const T* grad, T* out, std::int64_t rows,
                          std::int64_t width) {
  at::parallel_for(0, rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* gate = x + row * 2 * width;
      const T* up = gate + width;
      const T* gr = grad + row * width;
      T* gate_out = out + row * 2 * width;
      T* up_out = gate_out + width;
      for (std::int64_t i = 0; i < width; ++i) {
        const float g = widen(gate[i]);
        const float d = widen(gr[i]);
        const float sigmoid = 1.0F / (1.0F + fast_exp(-g));
        narrow(d * g * sigmoid, up_out[i]);
        narrow(d * widen(up[i]) * sigmoid * (1.0F + g * (1.0F - sigmoid)), gate_out[i]);
      }
    }
  });
}

struct SwiGlu : Function<SwiGlu> {
  static Tensor forward(AutogradContext* context, const Tensor& x) {
    const Tensor in = x.contiguous();
    const std::int64_t rows = in.size(0);
    const std::int64_t width = in.size(1) / 2;
    Tensor y = torch::empty({rows, width}, in.options());
    with_elements(in, [&]<typename T>(T* from) { swiglu_rows(from, elements<T>(y), rows, width); });
    context->save_for_backward({in});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const Tensor x = context->get_saved_variables()[0];
    const Tensor g = grads[0].contiguous();
    Tensor out = torch::empty_like(x);
    const std::int64_t rows = x.size(0);
    const std::int64_t width = x.size(1) / 2;
    with_elements(x, [&]<typename T>(T* from) {
      swiglu_backward_rows(from, elements<T>(g), elements<T>(out), rows, width);
    });
    return {out};
  }
};

}  // namespace

Tensor causal_softmax(const Tensor& x, double scale) { return CausalSoftmax::apply(x, scale); }

Tensor swiglu(const Tensor& x) { return SwiGlu::apply(x); }

}  // namespace firstlight::aten
