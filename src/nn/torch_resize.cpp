#include "torch_resize.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace firstlight::nn {
namespace {

double bilinear(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

/// Keys' cubic with a = -1/2.
double bicubic(double x) {
  x = std::abs(x);
  if (x < 1.0) return (1.5 * x - 2.5) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  return std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

double lanczos(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0; }

struct Taps {
  int first = 0;
  std::vector<std::int16_t> weights;
};

struct Plan {
  std::vector<Taps> taps;
  int precision = 0;
};

/// Weights of every output pixel along one axis: those of the antialiased filter, normalised and
/// rounded to as many bits as the largest one leaves in 16.
Plan plan_axis(int in, int out, double (*filter)(double), double support) {
  const double scale = static_cast<double>(in) / out;
  const double reach = scale >= 1.0 ? support * scale : support;
  const double inverse = scale >= 1.0 ? 1.0 / scale : 1.0;
  const int most = static_cast<int>(std::ceil(reach)) * 2 + 1;
  std::vector<std::vector<double>> weights(out);
  Plan plan;
  plan.taps.resize(out);
  double largest = 0.0;
  for (int i = 0; i < out; ++i) {
    const double centre = scale * (i + 0.5);
    const int first = std::max(static_cast<int>(centre - reach + 0.5), 0);
    const int count =
        std::clamp(std::min(static_cast<int>(centre + reach + 0.5), in) - first, 0, most);
    double total = 0.0;
    for (int j = 0; j < count; ++j) {
      weights[i].push_back(filter((j + first - centre + 0.5) * inverse));
      total += weights[i].back();
    }
    for (double& w : weights[i]) {
      if (total != 0.0) w /= total;
      largest = std::max(largest, w);
    }
    plan.taps[i].first = first;
  }
  while (plan.precision < 22 &&
         static_cast<int>(0.5 + largest * (1 << (plan.precision + 1))) < (1 << 15)) {
    ++plan.precision;
  }
  for (int i = 0; i < out; ++i) {
    for (const double w : weights[i]) {
      const double scaled = w * (1 << plan.precision);
      plan.taps[i].weights.push_back(static_cast<std::int16_t>(scaled + (w < 0 ? -0.5 : 0.5)));
    }
  }
  return plan;
}

std::uint8_t rounded(std::int64_t sum, int precision) {
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(sum >> precision, 0, 255));
}

Image resize_width(const Image& image, const Plan& plan) {
  Image out{static_cast<int>(plan.taps.size()), image.height, 3, {}};
  out.pixels.resize(static_cast<std::size_t>(out.width) * out.height * 3);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      const Taps& t = plan.taps[x];
      const std::uint8_t* in = image.at(t.first, y);
      std::int64_t sum[3] = {};
      for (std::size_t j = 0; j < t.weights.size(); ++j) {
        for (int c = 0; c < 3; ++c) sum[c] += t.weights[j] * in[3 * j + c];
      }
      for (int c = 0; c < 3; ++c) {
        out.at(x, y)[c] =
            rounded(sum[c] + (std::int64_t{1} << plan.precision >> 1), plan.precision);
      }
    }
  }
  return out;
}

Image resize_height(const Image& image, const Plan& plan) {
  Image out{image.width, static_cast<int>(plan.taps.size()), 3, {}};
  const std::size_t row = static_cast<std::size_t>(out.width) * 3;
  out.pixels.resize(row * out.height);
  std::vector<std::int64_t> sums(row);
  for (int y = 0; y < out.height; ++y) {
    const Taps& t = plan.taps[y];
    std::fill(sums.begin(), sums.end(), std::int64_t{1} << plan.precision >> 1);
    for (std::size_t j = 0; j < t.weights.size(); ++j) {
      const std::uint8_t* in = image.at(0, t.first + static_cast<int>(j));
      for (std::size_t i = 0; i < row; ++i) sums[i] += t.weights[j] * in[i];
    }
    for (std::size_t i = 0; i < row; ++i) out.at(0, y)[i] = rounded(sums[i], plan.precision);
  }
  return out;
}

/// The place whose centre is nearest, in f32 as torch has it.
std::vector<int> nearest_places(int in, int out) {
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  std::vector<int> places;
  for (int i = 0; i < out; ++i) {
    const int place = static_cast<int>((static_cast<float>(i) + 0.5f) * scale);
    places.push_back(std::min(place, in - 1));
  }
  return places;
}

Image resize_nearest(const Image& image, int width, int height) {
  const std::vector<int> columns = nearest_places(image.width, width);
  const std::vector<int> rows = nearest_places(image.height, height);
  Image out{width, height, 3, {}};
  out.pixels.resize(static_cast<std::size_t>(width) * height * 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const std::uint8_t* in = image.at(columns[x], rows[y]);
      std::copy(in, in + 3, out.at(x, y));
    }
  }
  return out;
}

}  // namespace

Image torch_resize(const Image& image, int width, int height, ResizeFilter filter) {
  if (filter == ResizeFilter::kNearest) return resize_nearest(image, width, height);
  double (*kernel)(double) = filter == ResizeFilter::kBilinear  ? bilinear
                             : filter == ResizeFilter::kBicubic ? bicubic
                                                                : lanczos;
  const double support = filter == ResizeFilter::kBilinear  ? 1.0
                         : filter == ResizeFilter::kBicubic ? 2.0
                                                            : 3.0;
  Image out = image;
  if (width != image.width) {
    out = resize_width(out, plan_axis(image.width, width, kernel, support));
  }
  if (height != image.height) {
    out = resize_height(out, plan_axis(image.height, height, kernel, support));
  }
  return out;
}

Image window(const Image& image, int width, int height, int left, int top,
             const std::array<std::uint8_t, 3>& colour) {
  Image out{width, height, 3, {}};
  out.pixels.resize(static_cast<std::size_t>(width) * height * 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int from_x = x + left;
      const int from_y = y + top;
      const bool inside =
          from_x >= 0 && from_x < image.width && from_y >= 0 && from_y < image.height;
      const std::uint8_t* in = inside ? image.at(from_x, from_y) : colour.data();
      std::copy(in, in + 3, out.at(x, y));
    }
  }
  return out;
}

}  // namespace firstlight::nn
