#include "firstlight/image/resize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "resize_weights.h"

namespace firstlight {
namespace {

const std::vector<std::pair<std::string, ResizeFilter>>& filters() {
  static const std::vector<std::pair<std::string, ResizeFilter>> all = {
      {"bicubic", ResizeFilter::kBicubic}, {"bilinear", ResizeFilter::kBilinear},
      {"lanczos", ResizeFilter::kLanczos}, {"area", ResizeFilter::kArea},
      {"max", ResizeFilter::kMax},         {"sum", ResizeFilter::kSum}};
  return all;
}

bool is_kernel(ResizeFilter filter) {
  return filter == ResizeFilter::kBicubic || filter == ResizeFilter::kBilinear ||
         filter == ResizeFilter::kLanczos;
}

void check(int from_width, int from_height, int width, int height) {
  if (from_width > 0 && from_height > 0 && width > 0 && height > 0) return;
  throw Error::internal("resize", "cannot resize " + std::to_string(from_width) + " x " +
                                      std::to_string(from_height) + " to " + std::to_string(width) +
                                      " x " + std::to_string(height));
}

/// Which axis is resized first matters, since every pass rounds. Pillow 13 takes rows first where
/// their number shrinks by more than twice what the columns lose (earlier versions: never).
bool rows_first(int from_width, int from_height, int width, int height) {
  const std::int64_t rows_lost = from_height - height;
  return rows_lost > 0 && rows_lost > 2 * (static_cast<std::int64_t>(from_width) - width);
}

// --- 8 bits, in Pillow's fixed point: weights with 22 fractional bits, each pass rounded to 8
// bits.
constexpr int kFraction = 22;

struct FixedWeights {
  int width;
  std::vector<int> first;
  std::vector<int> count;
  std::vector<std::int32_t> weights;
};

FixedWeights to_fixed(AxisWeights axis) {
  FixedWeights fixed{axis.width, std::move(axis.first), std::move(axis.count), {}};
  fixed.weights.reserve(axis.weights.size());
  for (double weight : axis.weights) {
    fixed.weights.push_back(
        static_cast<std::int32_t>((weight < 0 ? -0.5 : 0.5) + weight * (1 << kFraction)));
  }
  return fixed;
}

std::uint8_t to_byte(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kFraction, 0, 255));
}

template <int kChannels>
void resize_row(const std::uint8_t* source, const FixedWeights& axis, std::uint8_t* target) {
  const int n = static_cast<int>(axis.first.size());
  for (int x = 0; x < n; ++x) {
    const std::uint8_t* pixel = source + static_cast<std::size_t>(axis.first[x]) * kChannels;
    const std::int32_t* weights = axis.weights.data() + static_cast<std::size_t>(x) * axis.width;
    std::int32_t sums[kChannels];
    for (int c = 0; c < kChannels; ++c) sums[c] = 1 << (kFraction - 1);
    for (int k = 0; k < axis.count[x]; ++k) {
      for (int c = 0; c < kChannels; ++c) sums[c] += pixel[k * kChannels + c] * weights[k];
    }
    for (int c = 0; c < kChannels; ++c) target[x * kChannels + c] = to_byte(sums[c]);
  }
}

Image resize_columns(const Image& image, int width, ResizeFilter filter) {
  const FixedWeights axis = to_fixed(kernel_weights(image.width, width, filter));
  Image result{width, image.height, image.channels, {}};
  result.pixels.resize(static_cast<std::size_t>(width) * image.height * image.channels);
  for (int y = 0; y < image.height; ++y) {
    if (image.channels == 1) {
      resize_row<1>(image.at(0, y), axis, result.at(0, y));
    } else {
      resize_row<3>(image.at(0, y), axis, result.at(0, y));
    }
  }
  return result;
}

Image resize_rows(const Image& image, int height, ResizeFilter filter) {
  const FixedWeights axis = to_fixed(kernel_weights(image.height, height, filter));
  Image result{image.width, height, image.channels, {}};
  const std::size_t row = static_cast<std::size_t>(image.width) * image.channels;
  result.pixels.resize(row * height);
  std::vector<std::int32_t> sums(row);
  for (int y = 0; y < height; ++y) {
    std::fill(sums.begin(), sums.end(), 1 << (kFraction - 1));
    for (int k = 0; k < axis.count[y]; ++k) {
      const std::int32_t weight = axis.weights[static_cast<std::size_t>(y) * axis.width + k];
      const std::uint8_t* source = image.at(0, axis.first[y] + k);
      for (std::size_t i = 0; i < row; ++i) sums[i] += source[i] * weight;
    }
    std::uint8_t* target = result.at(0, y);
    for (std::size_t i = 0; i < row; ++i) target[i] = to_byte(sums[i]);
  }
  return result;
}

// --- Values. Sums are taken in double precision and stored as float after each pass.

struct Plane {
  int width;
  int height;
  std::vector<float> values;

  const float* row(int y) const { return values.data() + static_cast<std::size_t>(y) * width; }
  float* row(int y) { return values.data() + static_cast<std::size_t>(y) * width; }
};

Plane weigh_columns(const Plane& plane, const AxisWeights& axis) {
  Plane result{static_cast<int>(axis.first.size()), plane.height, {}};
  result.values.resize(static_cast<std::size_t>(result.width) * result.height);
  for (int y = 0; y < plane.height; ++y) {
    for (int x = 0; x < result.width; ++x) {
      const float* source = plane.row(y) + axis.first[x];
      const double* weights = axis.weights.data() + static_cast<std::size_t>(x) * axis.width;
      double sum = 0.0;
      for (int k = 0; k < axis.count[x]; ++k) sum += source[k] * weights[k];
      result.row(y)[x] = static_cast<float>(sum);
    }
  }
  return result;
}

Plane weigh_rows(const Plane& plane, const AxisWeights& axis) {
  Plane result{plane.width, static_cast<int>(axis.first.size()), {}};
  result.values.resize(static_cast<std::size_t>(result.width) * result.height);
  std::vector<double> sums(plane.width);
  for (int y = 0; y < result.height; ++y) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (int k = 0; k < axis.count[y]; ++k) {
      const double weight = axis.weights[static_cast<std::size_t>(y) * axis.width + k];
      const float* source = plane.row(axis.first[y] + k);
      for (int x = 0; x < plane.width; ++x) sums[x] += source[x] * weight;
    }
    for (int x = 0; x < plane.width; ++x) result.row(y)[x] = static_cast<float>(sums[x]);
  }
  return result;
}

Plane weigh(const Plane& plane, const AxisWeights& columns, const AxisWeights& rows) {
  const auto width = static_cast<int>(columns.first.size());
  const auto height = static_cast<int>(rows.first.size());
  if (rows_first(plane.width, plane.height, width, height)) {
    return weigh_columns(weigh_rows(plane, rows), columns);
  }
  return weigh_rows(weigh_columns(plane, columns), rows);
}

Plane greatest(const Plane& plane, const AxisWeights& columns, const AxisWeights& rows) {
  constexpr float kNone = -std::numeric_limits<float>::infinity();
  Plane result{static_cast<int>(columns.first.size()), static_cast<int>(rows.first.size()), {}};
  result.values.assign(static_cast<std::size_t>(result.width) * result.height, kNone);
  for (int y = 0; y < result.height; ++y) {
    float* target = result.row(y);
    for (int k = 0; k < rows.count[y]; ++k) {
      const float* source = plane.row(rows.first[y] + k);
      for (int x = 0; x < result.width; ++x) {
        for (int j = 0; j < columns.count[x]; ++j) {
          // A comparison with NaN is false: blank pixels never win.
          if (source[columns.first[x] + j] > target[x]) target[x] = source[columns.first[x] + j];
        }
      }
    }
    for (int x = 0; x < result.width; ++x) {
      if (target[x] == kNone) target[x] = std::numeric_limits<float>::quiet_NaN();
    }
  }
  return result;
}

Plane resize_plane(Plane plane, int width, int height, ResizeFilter filter) {
  const bool kernel = is_kernel(filter);
  const bool mean = filter != ResizeFilter::kSum;
  const AxisWeights columns = kernel ? kernel_weights(plane.width, width, filter)
                                     : coverage_weights(plane.width, width, mean);
  const AxisWeights rows = kernel ? kernel_weights(plane.height, height, filter)
                                  : coverage_weights(plane.height, height, mean);
  if (filter == ResizeFilter::kMax) return greatest(plane, columns, rows);
  Plane present{plane.width, plane.height, std::vector<float>(plane.values.size(), 1.0f)};
  bool blanks = false;
  for (std::size_t i = 0; i < plane.values.size(); ++i) {
    if (std::isfinite(plane.values[i])) continue;
    plane.values[i] = present.values[i] = 0.0f;
    blanks = true;
  }
  Plane result = weigh(plane, columns, rows);
  if (!blanks) return result;
  // What the pixels that are there contribute; an interpolation needs the greater part of them,
  // a mean or a sum any.
  const Plane weight = weigh(present, columns, rows);
  const float least = kernel ? 0.5f : std::numeric_limits<float>::min();
  for (std::size_t i = 0; i < result.values.size(); ++i) {
    if (weight.values[i] < least) {
      result.values[i] = std::numeric_limits<float>::quiet_NaN();
    } else if (filter != ResizeFilter::kSum) {
      result.values[i] /= weight.values[i];
    }
  }
  return result;
}

Raster to_raster(const Image& image) {
  Raster raster{image.width, image.height, image.channels, {}};
  raster.values.resize(image.size());
  const std::size_t n = static_cast<std::size_t>(image.width) * image.height;
  for (int c = 0; c < image.channels; ++c) {
    for (std::size_t i = 0; i < n; ++i) {
      raster.plane(c)[i] = image.pixels[i * image.channels + c];
    }
  }
  return raster;
}

Image to_image(const Raster& raster) {
  Image image{raster.width, raster.height, raster.bands, {}};
  image.pixels.resize(raster.values.size());
  const std::size_t n = static_cast<std::size_t>(raster.width) * raster.height;
  for (int c = 0; c < image.channels; ++c) {
    for (std::size_t i = 0; i < n; ++i) {
      image.pixels[i * image.channels + c] =
          static_cast<std::uint8_t>(std::clamp(std::lround(raster.plane(c)[i]), 0L, 255L));
    }
  }
  return image;
}

void check_part(int from_width, int from_height, int x, int y, int width, int height) {
  if (x >= 0 && y >= 0 && width > 0 && height > 0 && width <= from_width - x &&
      height <= from_height - y) {
    return;
  }
  throw Error::internal("crop", std::to_string(width) + " x " + std::to_string(height) +
                                    " pixels at (" + std::to_string(x) + ", " + std::to_string(y) +
                                    ") do not lie inside " + std::to_string(from_width) + " x " +
                                    std::to_string(from_height));
}

}  // namespace

ResizeFilter resize_filter(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& [key, filter] : filters()) {
    if (key == name) return filter;
    known.push_back(key);
  }
  throw Error::usage("resize_filter", "unknown filter '" + std::string(name) + "'",
                     "use " + text::join(known, ", "));
}

Image resize(const Image& image, int width, int height, ResizeFilter filter) {
  check(image.width, image.height, width, height);
  if (width == image.width && height == image.height) return image;
  if (!is_kernel(filter)) return to_image(resize(to_raster(image), width, height, filter));
  if (width == image.width) return resize_rows(image, height, filter);
  if (height == image.height) return resize_columns(image, width, filter);
  if (rows_first(image.width, image.height, width, height)) {
    return resize_columns(resize_rows(image, height, filter), width, filter);
  }
  return resize_rows(resize_columns(image, width, filter), height, filter);
}

Raster resize(const Raster& raster, int width, int height, ResizeFilter filter) {
  check(raster.width, raster.height, width, height);
  if (width == raster.width && height == raster.height) return raster;
  Raster result{width, height, raster.bands, {}};
  result.values.reserve(static_cast<std::size_t>(width) * height * raster.bands);
  const std::size_t n = static_cast<std::size_t>(raster.width) * raster.height;
  for (int band = 0; band < raster.bands; ++band) {
    const float* values = raster.plane(band);
    const Plane plane =
        resize_plane({raster.width, raster.height, {values, values + n}}, width, height, filter);
    result.values.insert(result.values.end(), plane.values.begin(), plane.values.end());
  }
  return result;
}

Image crop(const Image& image, int x, int y, int width, int height) {
  check_part(image.width, image.height, x, y, width, height);
  Image result{width, height, image.channels, {}};
  const std::size_t row = static_cast<std::size_t>(width) * image.channels;
  result.pixels.reserve(row * height);
  for (int i = 0; i < height; ++i) {
    const std::uint8_t* source = image.at(x, y + i);
    result.pixels.insert(result.pixels.end(), source, source + row);
  }
  return result;
}

Raster crop(const Raster& raster, int x, int y, int width, int height) {
  check_part(raster.width, raster.height, x, y, width, height);
  Raster result{width, height, raster.bands, {}};
  result.values.reserve(static_cast<std::size_t>(width) * height * raster.bands);
  for (int band = 0; band < raster.bands; ++band) {
    for (int i = 0; i < height; ++i) {
      const float* source = raster.plane(band) + static_cast<std::size_t>(y + i) * raster.width + x;
      result.values.insert(result.values.end(), source, source + width);
    }
  }
  return result;
}

Image resize_longer(const Image& image, int side, ResizeFilter filter) {
  const std::int64_t longer = std::max(image.width, image.height);
  const auto scaled = [&](std::int64_t n) {
    return std::max(1, static_cast<int>((2 * n * side + longer) / (2 * longer)));
  };
  return resize(image, scaled(image.width), scaled(image.height), filter);
}

}  // namespace firstlight
