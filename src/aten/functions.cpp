#include "firstlight/aten/functions.h"

#include <ATen/Parallel.h>
#include <torch/autograd.h>

#include <cmath>
#include <vector>

#include "convert.h"

namespace firstlight::aten {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

constexpr std::int64_t kRowGrain = 64;  // rows a thread takes at a time: some 50 us of work

/// Rows that a product is done for: rounded up by at most an eighth. oneDNN builds a program for
/// every shape, and where each batch has another number of rows that was a third of its time; so
/// few shapes stay in its cache.
std::int64_t padded_rows(std::int64_t rows) {
  std::int64_t step = 16;
  while (step * 16 <= rows) step *= 2;
  return (rows + step - 1) / step * step;
}

/// x in bf16, with rows of zeros up to `rows`.
Tensor padded_bf16(const Tensor& x, std::int64_t rows) {
  const Tensor b = to_bf16(x);
  const std::int64_t own = b.size(0);
  if (own == rows) return b;
  Tensor out = torch::empty({rows, b.size(1)}, b.options());
  out.narrow(0, 0, own).copy_(b);
  out.narrow(0, own, rows - own).zero_();
  return out;
}

struct LinearBf16 : Function<LinearBf16> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& w,
                        const c10::optional<Tensor>& bias) {
    const std::int64_t rows = x.size(0);
    const Tensor xb = padded_bf16(x, padded_rows(rows));
    const Tensor wb = to_bf16(w);
    context->save_for_backward({xb, wb});
    context->saved_data["bias"] = bias.has_value();
    context->saved_data["x_f32"] = x.scalar_type() == torch::kFloat;
    return at::linear(xb, wb, bias ? bias->to(torch::kBFloat16) : Tensor()).narrow(0, 0, rows);
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const std::int64_t rows = grads[0].size(0);
    const Tensor g = padded_bf16(grads[0], saved[0].size(0));
    Tensor grad_x;
    if (context->needs_input_grad(0)) {
      grad_x = at::mm(g, saved[1]).narrow(0, 0, rows);
      if (context->saved_data["x_f32"].toBool()) grad_x = to_f32(grad_x);
    }
    Tensor grad_w;
    if (context->needs_input_grad(1)) grad_w = to_f32(at::mm(transposed(g), saved[0]));
    Tensor grad_bias;
    if (context->saved_data["bias"].toBool() && context->needs_input_grad(2)) {
      grad_bias = column_sums(g);
    }
    return {grad_x, grad_w, grad_bias};
  }
};

template <typename Out>
void rms_norm_rows(const float* x, const float* w, Out* y, float* inverse, std::int64_t rows,
                   std::int64_t width, double eps) {
  at::parallel_for(0, rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const float* in = x + r * width;
      float squares = 0;
#pragma omp simd reduction(+ : squares)
      for (std::int64_t c = 0; c < width; ++c) squares += in[c] * in[c];
      const float scale =
          1.0F / std::sqrt(squares / static_cast<float>(width) + static_cast<float>(eps));
      inverse[r] = scale;
      for (std::int64_t c = 0; c < width; ++c)
        y[r * width + c] = static_cast<Out>(in[c] * scale * w[c]);
    }
  });
}

struct RmsNorm : Function<RmsNorm> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& w, double eps,
                        bool f32) {
    const std::int64_t rows = x.size(0);
    const std::int64_t width = x.size(1);
    const Tensor in = x.contiguous();
    Tensor inverse = torch::empty({rows}, x.options());
    Tensor y = torch::empty(x.sizes(), x.options().dtype(f32 ? torch::kFloat : torch::kBFloat16));
    if (f32) {
      rms_norm_rows(in.data_ptr<float>(), w.data_ptr<float>(), y.data_ptr<float>(),
                    inverse.data_ptr<float>(), rows, width, eps);
    } else {
      rms_norm_rows(in.data_ptr<float>(), w.data_ptr<float>(), y.data_ptr<at::BFloat16>(),
                    inverse.data_ptr<float>(), rows, width, eps);
    }
    context->save_for_backward({in, w, inverse});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const Tensor g = grads[0].to(torch::kFloat).contiguous();
    const std::int64_t rows = g.size(0);
    const std::int64_t width = g.size(1);
    Tensor grad_x = torch::empty_like(g);
    const float* x = saved[0].data_ptr<float>();
    const float* w = saved[1].data_ptr<float>();
    const float* inverse = saved[2].data_ptr<float>();
    const float* gp = g.data_ptr<float>();
    float* out = grad_x.data_ptr<float>();
    at::parallel_for(0, rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const float* xr = x + r * width;
        const float* gr = gp + r * width;
        float dot = 0;
#pragma omp simd reduction(+ : dot)
        for (std::int64_t c = 0; c < width; ++c) dot += gr[c] * w[c] * xr[c];
        const float scale = inverse[r];
        const float pull = dot * scale * scale / static_cast<float>(width);
        for (std::int64_t c = 0; c < width; ++c) {
          out[r * width + c] = scale * (gr[c] * w[c] - xr[c] * pull);
        }
      }
    });
    Tensor grad_w;
    if (context->needs_input_grad(1)) grad_w = (g * saved[0] * saved[2].unsqueeze(1)).sum(0);
    return {grad_x, grad_w, Tensor(), Tensor()};
  }
};

template <typename T>
void rotate(const T* x, const float* cosine, const float* sine, T* y, std::int64_t rows,
            std::int64_t heads, std::int64_t rotated, std::int64_t width, float direction) {
  const std::int64_t half = width / 2;
  at::parallel_for(0, rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const float* c = cosine + r * half;
      const float* s = sine + r * half;
      for (std::int64_t h = 0; h < heads; ++h) {
        const T* in = x + (r * heads + h) * width;
        T* out = y + (r * heads + h) * width;
        if (h >= rotated) {
          std::copy(in, in + width, out);
          continue;
        }
        for (std::int64_t i = 0; i < half; ++i) {
          const float a = static_cast<float>(in[i]);
          const float b = static_cast<float>(in[i + half]);
          out[i] = static_cast<T>(a * c[i] - direction * b * s[i]);
          out[i + half] = static_cast<T>(b * c[i] + direction * a * s[i]);
        }
      }
    }
  });
}

Tensor rotate_tensor(const Tensor& x, const Tensor& cosine, const Tensor& sine,
                     std::int64_t rotated, float direction) {
  const Tensor in = x.contiguous();
  Tensor y = torch::empty_like(in);
  const std::int64_t rows = in.size(0);
  const std::int64_t heads = in.size(1);
  const std::int64_t width = in.size(2);
  if (in.scalar_type() == torch::kFloat) {
    rotate(in.data_ptr<float>(), cosine.data_ptr<float>(), sine.data_ptr<float>(),
           y.data_ptr<float>(), rows, heads, rotated, width, direction);
  } else {
    rotate(in.data_ptr<at::BFloat16>(), cosine.data_ptr<float>(), sine.data_ptr<float>(),
           y.data_ptr<at::BFloat16>(), rows, heads, rotated, width, direction);
  }
  return y;
}

struct Rotary : Function<Rotary> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& cosine,
                        const Tensor& sine, std::int64_t rotated) {
    context->save_for_backward({cosine, sine});
    context->saved_data["rotated"] = rotated;
    return rotate_tensor(x, cosine, sine, rotated, 1.0F);
  }

  // A rotation's transpose is its inverse.
  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    return {
        rotate_tensor(grads[0], saved[0], saved[1], context->saved_data["rotated"].toInt(), -1.0F),
        Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias, bool f32) {
  if (f32) return at::linear(x, w, bias);
  return LinearBf16::apply(x, w, bias.defined() ? c10::optional<Tensor>(bias) : c10::nullopt);
}

Tensor rms_norm(const Tensor& x, const Tensor& w, double eps, bool f32) {
  return RmsNorm::apply(x, w, eps, f32);
}

Tensor rotary(const Tensor& x, const Tensor& cosine, const Tensor& sine, std::int64_t rotated) {
  return Rotary::apply(x, cosine, sine, rotated);
}

}  // namespace firstlight::aten
