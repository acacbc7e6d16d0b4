#include "firstlight/train/optimizer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace firstlight::train {

double Schedule::at(std::int64_t step) const {
  if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const double progress =
      std::min(1.0, static_cast<double>(step - warmup) /
                        static_cast<double>(std::max<std::int64_t>(1, steps - warmup)));
  const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * progress));
  return peak * (final_fraction + (1 - final_fraction) * cosine);
}

AdamW::AdamW(std::int64_t size, const Options& options)
    : options_(options),
      m_(torch::zeros({size}, torch::kFloat)),
      v_(torch::zeros({size}, torch::kFloat)) {}

double AdamW::step(torch::Tensor& parameters, torch::Tensor& gradients,
                   const std::vector<Range>& ranges, double rate) {
  const double norm = gradients.norm().item<double>();
  if (!std::isfinite(norm)) {
    gradients.zero_();
    return norm;
  }
  ++count_;
  const auto scale = static_cast<float>(norm > options_.clip ? options_.clip / norm : 1.0);
  const auto b1 = static_cast<float>(options_.beta1);
  const auto b2 = static_cast<float>(options_.beta2);
  const auto epsilon = static_cast<float>(options_.epsilon);
  const double bias1 = 1 - std::pow(options_.beta1, static_cast<double>(count_));
  const auto root_bias2 =
      static_cast<float>(std::sqrt(1 - std::pow(options_.beta2, static_cast<double>(count_))));
  float* p = parameters.data_ptr<float>();
  float* g = gradients.data_ptr<float>();
  float* m = m_.data_ptr<float>();
  float* v = v_.data_ptr<float>();
  for (const Range& range : ranges) {
    if (range.rate_factor == 0) continue;
    const double range_rate = rate * range.rate_factor;
    const auto step_size = static_cast<float>(range_rate / bias1);
    const auto shrink =
        static_cast<float>(1 - (range.decays ? range_rate * options_.weight_decay : 0.0));
    at::parallel_for(range.first, range.last, 1 << 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const float gradient = g[i] * scale;
        m[i] = b1 * m[i] + (1 - b1) * gradient;
        v[i] = b2 * v[i] + (1 - b2) * gradient * gradient;
        p[i] = p[i] * shrink - step_size * m[i] / (std::sqrt(v[i]) / root_bias2 + epsilon);
      }
    });
  }
  gradients.zero_();
  return norm;
}

}  // namespace firstlight::train
