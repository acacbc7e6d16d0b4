#include "firstlight/aten/site_ops.h"

#include <ATen/Parallel.h>
#include <torch/autograd.h>

#include <algorithm>
#include <type_traits>
#include <vector>

#include "bits.h"
#include "row_loops.h"

namespace firstlight::aten {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

struct GatherRows : Function<GatherRows> {
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& table,
                        const Tensor& back) {
    const Tensor x = input.contiguous();
    const std::int64_t rows = table.size(0);
    const std::int64_t taps = table.size(1);
    const std::int64_t width = x.size(1);
    Tensor y = torch::empty({rows, taps * width}, x.options());
    const std::int32_t* place = table.data_ptr<std::int32_t>();
    with_elements(x, [&](auto* xp) {
      auto* yp = elements<std::remove_reference_t<decltype(*xp)>>(y);
      at::parallel_for(0, rows * taps, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          if (place[i] < 0) {
            std::fill_n(yp + i * width, width, 0);
          } else {
            std::copy_n(xp + place[i] * width, width, yp + i * width);
          }
        }
      });
    });
    context->save_for_backward({back});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const Tensor back = context->get_saved_variables()[0];
    const Tensor g = grads[0].contiguous();
    const std::int64_t rows = back.size(0);
    const std::int64_t taps = back.size(1);
    const std::int64_t width = g.size(1) / taps;
    Tensor grad_x = torch::empty({rows, width}, g.options());
    const std::int32_t* place = back.data_ptr<std::int32_t>();
    with_elements(g, [&](auto* gp) {
      auto* out = elements<std::remove_reference_t<decltype(*gp)>>(grad_x);
      at::parallel_for(0, rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> sum(static_cast<std::size_t>(width));
        for (std::int64_t r = begin; r < end; ++r) {
          std::fill(sum.begin(), sum.end(), 0.0F);
          for (std::int64_t t = 0; t < taps; ++t) {
            const std::int64_t from = place[r * taps + t];
            if (from < 0) continue;
            const auto* in = gp + (from * taps + t) * width;
            for (std::int64_t c = 0; c < width; ++c) sum[c] += widen(in[c]);
          }
          for (std::int64_t c = 0; c < width; ++c) narrow(sum[c], out[r * width + c]);
        }
      });
    });
    return {grad_x, Tensor(), Tensor()};
  }
};

/// y[r] = sum over t of w[t] * x[table[r,t]].
template <typename T>
void weighted_rows(const T* x, const float* w, const std::int32_t* table, T* y, std::int64_t rows,
                   std::int64_t taps, std::int64_t width) {
  at::parallel_for(0, rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int32_t* from = table + r * taps;
      for_channels(width, [&](std::int64_t at, auto channels) {
        float sum[kBlock] = {};
        for (std::int64_t t = 0; t < taps; ++t) {
          if (from[t] < 0) continue;
          const T* in = x + from[t] * width + at;
          const float* factor = w + t * width + at;
          for (std::int64_t c = 0; c < channels; ++c) sum[c] += factor[c] * widen(in[c]);
        }
        T* out = y + r * width + at;
        for (std::int64_t c = 0; c < channels; ++c) narrow(sum[c], out[c]);
      });
    }
  });
}

struct DepthwiseRows : Function<DepthwiseRows> {
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& w,
                        const Tensor& table, const Tensor& back) {
    const Tensor x = input.contiguous();
    const Tensor factors = w.contiguous();
    Tensor y = torch::empty({table.size(0), x.size(1)}, x.options());
    with_elements(x, [&](auto* xp) {
      using T = std::remove_reference_t<decltype(*xp)>;
      weighted_rows<T>(xp, factors.data_ptr<float>(), table.data_ptr<std::int32_t>(),
                       elements<T>(y), table.size(0), table.size(1), x.size(1));
    });
    context->save_for_backward({x, factors, table, back});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const Tensor& x = saved[0];
    const Tensor g = grads[0].to(x.scalar_type()).contiguous();
    const std::int64_t taps = saved[2].size(1);
    const std::int64_t width = x.size(1);
    Tensor grad_x = torch::empty_like(x);
    Tensor grad_w = torch::empty({taps, width}, torch::kFloat);
    const std::int32_t* table = saved[2].data_ptr<std::int32_t>();
    with_elements(x, [&](auto* xp) {
      using T = std::remove_reference_t<decltype(*xp)>;
      const T* gp = elements<T>(g);
      weighted_rows<T>(gp, saved[1].data_ptr<float>(), saved[3].data_ptr<std::int32_t>(),
                       elements<T>(grad_x), x.size(0), taps, width);
      const auto sums = sums_by_piece(g.size(0), taps * width,
                                      [&](std::int64_t first, std::int64_t last, float* sum) {
                                        for_channels(width, [&](std::int64_t at, auto channels) {
                                          for (std::int64_t t = 0; t < taps; ++t) {
                                            float own[kBlock] = {};
                                            for (std::int64_t r = first; r < last; ++r) {
                                              const std::int64_t from = table[r * taps + t];
                                              if (from < 0) continue;
                                              const T* grad = gp + r * width + at;
                                              const T* in = xp + from * width + at;
                                              for (std::int64_t c = 0; c < channels; ++c)
                                                own[c] += widen(grad[c]) * widen(in[c]);
                                            }
                                            std::copy_n(own, channels, sum + t * width + at);
                                          }
                                        });
                                      });
      for (std::int64_t i = 0; i < taps * width; ++i) {
        grad_w.data_ptr<float>()[i] = static_cast<float>(sums[i]);
      }
    });
    return {grad_x, grad_w, Tensor(), Tensor()};
  }
};

struct MaxRows : Function<MaxRows> {
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& table) {
    const Tensor x = input.contiguous();
    const std::int64_t rows = table.size(0);
    const std::int64_t taps = table.size(1);
    const std::int64_t width = x.size(1);
    Tensor y = torch::empty({rows, width}, x.options());
    Tensor which = torch::empty({rows, width}, torch::kInt);
    const std::int32_t* place = table.data_ptr<std::int32_t>();
    std::int32_t* from = which.data_ptr<std::int32_t>();
    with_elements(x, [&](auto* xp) {
      auto* yp = elements<std::remove_reference_t<decltype(*xp)>>(y);
      at::parallel_for(0, rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) {
          bool any = false;
          for (std::int64_t t = 0; t < taps; ++t) {
            const std::int32_t row = place[r * taps + t];
            if (row < 0) continue;
            for (std::int64_t c = 0; c < width; ++c) {
              const auto value = xp[row * width + c];
              if (any && !(widen(value) > widen(yp[r * width + c]))) continue;
              yp[r * width + c] = value;
              from[r * width + c] = row;
            }
            any = true;
          }
        }
      });
    });
    context->save_for_backward({which});
    context->saved_data["rows"] = x.size(0);
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const Tensor which = context->get_saved_variables()[0];
    const Tensor g = grads[0].to(torch::kFloat).contiguous();
    Tensor grad_x = torch::zeros({context->saved_data["rows"].toInt(), g.size(1)}, torch::kFloat);
    grad_x.scatter_add_(0, which.to(torch::kLong), g);
    return {grad_x.to(grads[0].scalar_type()), Tensor()};
  }
};

}  // namespace

Tensor gather_rows(const Tensor& x, const Tensor& table, const Tensor& back) {
  return GatherRows::apply(x, table, back);
}

Tensor depthwise_rows(const Tensor& x, const Tensor& w, const Tensor& table, const Tensor& back) {
  return DepthwiseRows::apply(x, w, table, back);
}

Tensor max_rows(const Tensor& x, const Tensor& table) { return MaxRows::apply(x, table); }

Tensor reversed(const Tensor& table, std::int64_t rows) {
  const std::int64_t taps = table.size(1);
  Tensor back = torch::full({rows, taps}, -1, torch::kInt);
  const std::int32_t* forward = table.data_ptr<std::int32_t>();
  std::int32_t* backward = back.data_ptr<std::int32_t>();
  for (std::int64_t r = 0; r < table.size(0); ++r) {
    for (std::int64_t t = 0; t < taps; ++t) {
      const std::int32_t from = forward[r * taps + t];
      if (from >= 0) backward[from * taps + t] = static_cast<std::int32_t>(r);
    }
  }
  return back;
}

}  // namespace firstlight::aten
