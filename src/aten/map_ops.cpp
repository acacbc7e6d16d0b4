#include <ATen/Parallel.h>
#include <torch/autograd.h>

#include <algorithm>
#include <type_traits>

#include "bits.h"
#include "firstlight/aten/site_ops.h"

namespace firstlight::aten {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

/// Sums of a[r] (times b[r] where there is one) over the rows of each map.
template <typename T>
void sums_of_maps(const T* a, const T* b, const std::int64_t* first, std::int64_t maps,
                  std::int64_t width, float* out) {
  at::parallel_for(0, maps, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t m = begin; m < end; ++m) {
      float* sum = out + m * width;
      std::fill_n(sum, width, 0.0F);
      for (std::int64_t r = first[m]; r < first[m + 1]; ++r) {
        if (b == nullptr) {
          for (std::int64_t c = 0; c < width; ++c) sum[c] += widen(a[r * width + c]);
        } else {
          for (std::int64_t c = 0; c < width; ++c)
            sum[c] += widen(a[r * width + c]) * widen(b[r * width + c]);
        }
      }
    }
  });
}

/// y[r] = x[r] * gate[map], or gate[map] where there is no x.
template <typename T>
void spread_maps(const T* x, const float* gate, const std::int64_t* first, std::int64_t maps,
                 std::int64_t width, T* y) {
  at::parallel_for(0, maps, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t m = begin; m < end; ++m) {
      const float* factor = gate + m * width;
      for (std::int64_t r = first[m]; r < first[m + 1]; ++r) {
        for (std::int64_t c = 0; c < width; ++c) {
          narrow(x == nullptr ? factor[c] : widen(x[r * width + c]) * factor[c], y[r * width + c]);
        }
      }
    }
  });
}

Tensor sites_in_maps(const Tensor& first) {
  const std::int64_t maps = first.size(0) - 1;
  return (first.narrow(0, 1, maps) - first.narrow(0, 0, maps))
      .clamp_min(1)
      .to(torch::kFloat)
      .unsqueeze(1);
}

struct MeanOfMaps : Function<MeanOfMaps> {
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& first) {
    const Tensor x = input.contiguous();
    const std::int64_t maps = first.size(0) - 1;
    Tensor sums = torch::empty({maps, x.size(1)}, torch::kFloat);
    with_elements(x, [&](auto* xp) {
      using T = std::remove_reference_t<decltype(*xp)>;
      sums_of_maps<T>(xp, nullptr, first.data_ptr<std::int64_t>(), maps, x.size(1),
                      sums.data_ptr<float>());
    });
    context->save_for_backward({first});
    context->saved_data["dtype"] = x.scalar_type();
    context->saved_data["rows"] = x.size(0);
    return sums / sites_in_maps(first);
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const Tensor first = context->get_saved_variables()[0];
    const Tensor g = (grads[0] / sites_in_maps(first)).contiguous();
    Tensor grad_x = torch::empty({context->saved_data["rows"].toInt(), g.size(1)},
                                 torch::dtype(context->saved_data["dtype"].toScalarType()));
    with_elements(grad_x, [&](auto* out) {
      using T = std::remove_reference_t<decltype(*out)>;
      spread_maps<T>(nullptr, g.data_ptr<float>(), first.data_ptr<std::int64_t>(), g.size(0),
                     g.size(1), out);
    });
    return {grad_x, Tensor()};
  }
};

struct ScaleMaps : Function<ScaleMaps> {
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& gate,
                        const Tensor& first) {
    const Tensor x = input.contiguous();
    const Tensor factors = gate.contiguous();
    Tensor y = torch::empty_like(x);
    multiply(x, factors, first, y);
    context->save_for_backward({x, factors, first});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const Tensor& x = saved[0];
    const Tensor g = grads[0].to(x.scalar_type()).contiguous();
    Tensor grad_x = torch::empty_like(x);
    multiply(g, saved[1], saved[2], grad_x);
    Tensor grad_gate = torch::empty_like(saved[1]);
    with_elements(x, [&](auto* xp) {
      using T = std::remove_reference_t<decltype(*xp)>;
      sums_of_maps<T>(xp, elements<T>(g), saved[2].data_ptr<std::int64_t>(), saved[1].size(0),
                      x.size(1), grad_gate.data_ptr<float>());
    });
    return {grad_x, grad_gate, Tensor()};
  }

 private:
  static void multiply(const Tensor& x, const Tensor& gate, const Tensor& first, const Tensor& y) {
    with_elements(x, [&](auto* xp) {
      using T = std::remove_reference_t<decltype(*xp)>;
      spread_maps<T>(xp, gate.data_ptr<float>(), first.data_ptr<std::int64_t>(), gate.size(0),
                     x.size(1), elements<T>(y));
    });
  }
};

}  // namespace

Tensor mean_of_maps(const Tensor& x, const Tensor& first) { return MeanOfMaps::apply(x, first); }

Tensor scale_maps(const Tensor& x, const Tensor& gate, const Tensor& first) {
  return ScaleMaps::apply(x, gate, first);
}

}  // namespace firstlight::aten
