#include "resize_weights.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace firstlight {
namespace {

double bilinear(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

/// Keys 1981 (doi:10.1109/TASSP.1981.1163711), equation 4 with a = -1/2.
double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos(double x) { return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0; }

struct Kernel {
  double (*value)(double);
  double support;
};

Kernel kernel_of(ResizeFilter filter) {
  switch (filter) {
    case ResizeFilter::kBilinear:
      return {bilinear, 1.0};
    case ResizeFilter::kLanczos:
      return {lanczos, 3.0};
    default:
      return {bicubic, 2.0};
  }
}

}  // namespace

AxisWeights kernel_weights(int input, int output, ResizeFilter filter) {
  const Kernel kernel = kernel_of(filter);
  const double scale = static_cast<double>(input) / output;
  const double widening = std::max(scale, 1.0);
  const double support = kernel.support * widening;
  AxisWeights axis;
  axis.width = static_cast<int>(std::ceil(support)) * 2 + 1;
  axis.first.resize(output);
  axis.count.resize(output);
  axis.weights.assign(static_cast<std::size_t>(output) * axis.width, 0.0);
  for (int i = 0; i < output; ++i) {
    const double center = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(center - support + 0.5));
    const int end = std::min(input, static_cast<int>(center + support + 0.5));
    double* weights = axis.weights.data() + static_cast<std::size_t>(i) * axis.width;
    double total = 0.0;
    for (int k = 0; k < end - first; ++k) {
      weights[k] = kernel.value((k + first - center + 0.5) * (1.0 / widening));
      total += weights[k];
    }
    if (total != 0.0) {
      for (int k = 0; k < end - first; ++k) weights[k] /= total;
    }
    axis.first[i] = first;
    axis.count[i] = end - first;
  }
  return axis;
}

AxisWeights coverage_weights(int input, int output, bool mean) {
  AxisWeights axis;
  axis.width = static_cast<int>((static_cast<std::int64_t>(input) + output - 1) / output) + 1;
  axis.first.resize(output);
  axis.count.resize(output);
  axis.weights.assign(static_cast<std::size_t>(output) * axis.width, 0.0);
  // In units of 1 / output of an input pixel everything is a whole number.
  for (int i = 0; i < output; ++i) {
    const std::int64_t low = static_cast<std::int64_t>(i) * input, high = low + input;
    const auto first = static_cast<int>(low / output);
    const auto end = static_cast<int>((high + output - 1) / output);
    double* weights = axis.weights.data() + static_cast<std::size_t>(i) * axis.width;
    for (int k = 0; k < end - first; ++k) {
      const std::int64_t pixel = static_cast<std::int64_t>(first + k) * output;
      const std::int64_t covered = std::min(high, pixel + output) - std::max(low, pixel);
      weights[k] = static_cast<double>(covered) / (mean ? input : output);
    }
    axis.first[i] = first;
    axis.count[i] = end - first;
  }
  return axis;
}

}  // namespace firstlight
