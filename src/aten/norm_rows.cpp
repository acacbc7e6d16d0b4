#include <ATen/Parallel.h>
#include <torch/autograd.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "bits.h"
#include "firstlight/aten/site_ops.h"
#include "row_loops.h"

namespace firstlight::aten {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

template <RowActivation A>
inline float activate(float z) {
  if constexpr (A == RowActivation::kRelu) return std::max(z, 0.0F);
  if constexpr (A == RowActivation::kRelu6) return std::min(std::max(z, 0.0F), 6.0F);
  if constexpr (A == RowActivation::kHardSwish)
    return z * std::min(std::max(z + 3.0F, 0.0F), 6.0F) * (1.0F / 6.0F);
  return z;
}

/// d activate(z) / dz.
template <RowActivation A>
inline float slope(float z) {
  if constexpr (A == RowActivation::kRelu) return z > 0 ? 1.0F : 0.0F;
  if constexpr (A == RowActivation::kRelu6) return z > 0 && z < 6 ? 1.0F : 0.0F;
  if constexpr (A == RowActivation::kHardSwish) {
    const float inner = (2.0F * z + 3.0F) * (1.0F / 6.0F);
    return z <= -3 ? 0.0F : (z >= 3 ? 1.0F : inner);
  }
  return 1.0F;
}

template <typename F>
void with_activation(RowActivation activation, F f) {
  switch (activation) {
    case RowActivation::kNone:
      return f.template operator()<RowActivation::kNone>();
    case RowActivation::kRelu:
      return f.template operator()<RowActivation::kRelu>();
    case RowActivation::kRelu6:
      return f.template operator()<RowActivation::kRelu6>();
    case RowActivation::kHardSwish:
      return f.template operator()<RowActivation::kHardSwish>();
  }
}

struct NormRows : Function<NormRows> {
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& weight,
                        const Tensor& bias, Tensor running_mean, Tensor running_var, double eps,
                        double momentum, bool training, std::int64_t activation) {
    const Tensor x = input.contiguous();
    const std::int64_t rows = x.size(0);
    const std::int64_t width = x.size(1);
    Tensor mean = torch::empty({width}, torch::kFloat);
    Tensor inverse = torch::empty({width}, torch::kFloat);
    float* m = mean.data_ptr<float>();
    float* inv = inverse.data_ptr<float>();
    float* rm = running_mean.data_ptr<float>();
    float* rv = running_var.data_ptr<float>();
    if (training && rows > 1) {
      with_elements(x, [&](auto* xp) {
        // Moments about the running mean: no cancellation once it has settled.
        const auto sums =
            sums_by_piece(rows, 2 * width, [&](std::int64_t first, std::int64_t last, float* out) {
              for_channels(width, [&](std::int64_t at, auto channels) {
                float sum[kBlock] = {};
                float squares[kBlock] = {};
                for (std::int64_t r = first; r < last; ++r) {
                  const auto* row = xp + r * width + at;
                  for (std::int64_t c = 0; c < channels; ++c) {
                    const float d = widen(row[c]) - rm[at + c];
                    sum[c] += d;
                    squares[c] += d * d;
                  }
                }
                std::copy_n(sum, channels, out + at);
                std::copy_n(squares, channels, out + width + at);
              });
            });
        const auto n = static_cast<double>(rows);
        for (std::int64_t c = 0; c < width; ++c) {
          const double shift = sums[c] / n;
          const double variance = std::max(0.0, sums[width + c] / n - shift * shift);
          m[c] = static_cast<float>(rm[c] + shift);
          inv[c] = static_cast<float>(1.0 / std::sqrt(variance + eps));
          rm[c] += static_cast<float>(momentum * shift);
          rv[c] += static_cast<float>(momentum * (variance * n / (n - 1) - rv[c]));
        }
      });
    } else {
      for (std::int64_t c = 0; c < width; ++c) {
        m[c] = rm[c];
        inv[c] = static_cast<float>(1.0 / std::sqrt(static_cast<double>(rv[c]) + eps));
      }
    }
    Tensor y = torch::empty_like(x);
    std::vector<float> factor(width), offset(width);
    coefficients(weight, bias, m, inv, factor.data(), offset.data());
    with_elements(x, [&](auto* xp) {
      auto* yp = elements<std::remove_reference_t<decltype(*xp)>>(y);
      with_activation(static_cast<RowActivation>(activation), [&]<RowActivation A>() {
        at::parallel_for(0, rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t r = begin; r < end; ++r) {
            for (std::int64_t c = 0; c < width; ++c) {
              narrow(activate<A>(widen(xp[r * width + c]) * factor[c] + offset[c]),
                     yp[r * width + c]);
            }
          }
        });
      });
    });
    context->save_for_backward({x, weight, bias, mean, inverse});
    context->saved_data["training"] = training && rows > 1;
    context->saved_data["activation"] = activation;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const Tensor& x = saved[0];
    const Tensor g = grads[0].to(x.scalar_type()).contiguous();
    const std::int64_t rows = x.size(0);
    const std::int64_t width = x.size(1);
    const float* m = saved[3].data_ptr<float>();
    const float* inv = saved[4].data_ptr<float>();
    const float* w = saved[1].data_ptr<float>();
    std::vector<float> factor(width), offset(width);
    coefficients(saved[1], saved[2], m, inv, factor.data(), offset.data());
    const auto activation = static_cast<RowActivation>(context->saved_data["activation"].toInt());
    const bool training = context->saved_data["training"].toBool();
    Tensor grad_x = torch::empty_like(x);
    Tensor grad_w = torch::empty({width}, torch::kFloat);
    Tensor grad_b = torch::empty({width}, torch::kFloat);
    with_elements(x, [&](auto* xp) {
      using T = std::remove_reference_t<decltype(*xp)>;
      const T* gp = elements<T>(g);
      T* out = elements<T>(grad_x);
      with_activation(activation, [&]<RowActivation A>() {
        const auto sums =
            sums_by_piece(rows, 2 * width, [&](std::int64_t first, std::int64_t last, float* sum) {
              for_channels(width, [&](std::int64_t at, auto channels) {
                float plain[kBlock] = {};
                float moment[kBlock] = {};
                const float* f = factor.data() + at;
                const float* o = offset.data() + at;
                for (std::int64_t r = first; r < last; ++r) {
                  const T* row = xp + r * width + at;
                  const T* grad = gp + r * width + at;
                  for (std::int64_t c = 0; c < channels; ++c) {
                    const float value = widen(row[c]);
                    const float d = widen(grad[c]) * slope<A>(value * f[c] + o[c]);
                    plain[c] += d;
                    moment[c] += d * (value - m[at + c]);
                  }
                }
                std::copy_n(plain, channels, sum + at);
                std::copy_n(moment, channels, sum + width + at);
              });
            });
        std::vector<float> pull(width), push(width);
        for (std::int64_t c = 0; c < width; ++c) {
          grad_b.data_ptr<float>()[c] = static_cast<float>(sums[c]);
          grad_w.data_ptr<float>()[c] = static_cast<float>(sums[width + c] * inv[c]);
          const double n = training ? static_cast<double>(rows) : 1.0;
          push[c] = training ? static_cast<float>(sums[c] / n) : 0.0F;
          pull[c] = training ? static_cast<float>(sums[width + c] / n * inv[c] * inv[c]) : 0.0F;
        }
        at::parallel_for(0, rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t r = begin; r < end; ++r) {
            for (std::int64_t c = 0; c < width; ++c) {
              const float value = widen(xp[r * width + c]);
              const float d = widen(gp[r * width + c]) * slope<A>(value * factor[c] + offset[c]);
              narrow(w[c] * inv[c] * (d - push[c] - (value - m[c]) * pull[c]), out[r * width + c]);
            }
          }
        });
      });
    });
    return {grad_x, grad_w, grad_b, Tensor(), Tensor(), Tensor(), Tensor(), Tensor(), Tensor()};
  }

 private:
  static void coefficients(const Tensor& weight, const Tensor& bias, const float* mean,
                           const float* inverse, float* factor, float* offset) {
    const float* w = weight.data_ptr<float>();
    const float* b = bias.data_ptr<float>();
    for (std::int64_t c = 0; c < weight.size(0); ++c) {
      factor[c] = w[c] * inverse[c];
      offset[c] = b[c] - mean[c] * factor[c];
    }
  }
};

}  // namespace

Tensor norm_rows(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor running_mean,
                 Tensor running_var, double eps, double momentum, bool training,
                 RowActivation activation) {
  return NormRows::apply(x, weight, bias, running_mean, running_var, eps, momentum, training,
                         static_cast<std::int64_t>(activation));
}

}  // namespace firstlight::aten
