#include "fingerprint.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <utility>
#include <variant>

#include "firstlight/image/resize.h"

namespace firstlight {
namespace {

constexpr int kCorners = kThumbnailSide + 1;
/// Added to the grey value before the logarithm, so that the noise of a black sky does not outweigh
/// everything.
constexpr double kFloor = 8;
/// Added to the local scatter: cells flatter than this (in the logarithm) are not blown up.
constexpr float kMinScatter = 0.02f;
/// Cells on each side that the local mean and scatter are taken over.
constexpr int kRadius = 2;

Image central_square(const Image& image) {
  const int side = std::min(image.width, image.height);
  return crop(image, (image.width - side) / 2, (image.height - side) / 2, side, side);
}

/// The mean of the bands as 8-bit grey.
Image to_picture(const Raster& raster) {
  const std::size_t area = static_cast<std::size_t>(raster.width) * raster.height;
  std::vector<float> grey(area, 0.f);
  for (int band = 0; band < raster.bands; ++band) {
    for (std::size_t i = 0; i < area; ++i) grey[i] += raster.plane(band)[i];
  }
  std::vector<float> sorted;
  std::copy_if(grey.begin(), grey.end(), std::back_inserter(sorted),
               [](float v) { return std::isfinite(v); });
  Image image{raster.width, raster.height, 1, std::vector<std::uint8_t>(area, 0)};
  if (sorted.empty()) return image;
  std::sort(sorted.begin(), sorted.end());
  const auto quantile = [&](double q) {
    return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
  };
  const float low = quantile(0.005);
  const float range = quantile(0.995) - low;
  if (!(range > 0)) return image;
  for (std::size_t i = 0; i < area; ++i) {
    if (!std::isfinite(grey[i])) continue;
    image.pixels[i] =
        static_cast<std::uint8_t>(std::clamp((grey[i] - low) / range, 0.f, 1.f) * 255.f + 0.5f);
  }
  return image;
}

/// Means over the (2 kRadius + 1) squared neighbours, edges repeated. Straight loops over whole
/// rows, which the compiler vectorises.
std::vector<float> local_mean(const std::vector<float>& values, int n) {
  static_assert(kRadius == 2, "five neighbours are written out");
  std::vector<float> down(values.size());
  for (int row = 0; row < n; ++row) {
    std::array<const float*, 5> lines;
    for (int k = 0; k < 5; ++k) lines[k] = values.data() + std::clamp(row + k - 2, 0, n - 1) * n;
    float* to = down.data() + row * n;
    for (int i = 0; i < n; ++i) {
      to[i] = lines[0][i] + lines[1][i] + lines[2][i] + lines[3][i] + lines[4][i];
    }
  }
  std::vector<float> out(values.size());
  std::vector<float> padded(static_cast<std::size_t>(n) + 4);
  for (int row = 0; row < n; ++row) {
    const float* line = down.data() + row * n;
    std::copy_n(line, n, padded.begin() + 2);
    padded[0] = padded[1] = line[0];
    padded[static_cast<std::size_t>(n) + 2] = padded[static_cast<std::size_t>(n) + 3] = line[n - 1];
    const float* p = padded.data();
    float* to = out.data() + row * n;
    for (int i = 0; i < n; ++i) to[i] = (p[i] + p[i + 1] + p[i + 2] + p[i + 3] + p[i + 4]) * 0.04f;
  }
  return out;
}

/// See the class: local mean off, over local scatter, mean 0, length 1.
void normalise(std::vector<float>& values, int n) {
  const std::vector<float> mean = local_mean(values, n);
  std::vector<float> squares(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] -= mean[i];
    squares[i] = values[i] * values[i];
  }
  const std::vector<float> variance = local_mean(squares, n);
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] /= std::sqrt(variance[i]) + kMinScatter;
    sum += values[i];
  }
  const auto offset = static_cast<float>(sum / static_cast<double>(values.size()));
  double length = 0;
  for (float& value : values) {
    value -= offset;
    length += static_cast<double>(value) * value;
  }
  // Rounding alone must not make a fingerprint of a uniform picture.
  const float factor = length < 1e-6 ? 0.f : static_cast<float>(1 / std::sqrt(length));
  for (float& value : values) value *= factor;
}

}  // namespace

Thumbnail make_thumbnail(const Pixels& pixels) {
  Image image = std::holds_alternative<Image>(pixels) ? std::get<Image>(pixels)
                                                      : to_picture(std::get<Raster>(pixels));
  image = central_square(image);
  // Areas when shrinking, so that the noise averages; straight lines when growing.
  const auto filter = image.width >= kThumbnailSide ? ResizeFilter::kArea : ResizeFilter::kBilinear;
  image = resize(image, kThumbnailSide, kThumbnailSide, filter);
  if (image.channels == 1) return std::move(image.pixels);
  Thumbnail grey(static_cast<std::size_t>(kThumbnailSide) * kThumbnailSide);
  for (std::size_t i = 0; i < grey.size(); ++i) {
    const std::uint8_t* p = image.pixels.data() + i * 3;
    grey[i] = static_cast<std::uint8_t>((p[0] + p[1] + p[2] + 1) / 3);
  }
  return grey;
}

Fingerprints::Fingerprints(const Thumbnail& thumbnail)
    : sums_(static_cast<std::size_t>(kCorners) * kCorners, 0.0) {
  static const auto logarithms = [] {
    std::array<double, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = std::log(i + kFloor);
    return table;
  }();
  for (int y = 0; y < kThumbnailSide; ++y) {
    double row = 0;
    for (int x = 0; x < kThumbnailSide; ++x) {
      row += logarithms[thumbnail[static_cast<std::size_t>(y * kThumbnailSide + x)]];
      sums_[static_cast<std::size_t>((y + 1) * kCorners + x + 1)] =
          sums_[static_cast<std::size_t>(y * kCorners + x + 1)] + row;
    }
  }
}

/// Cell means from the integral image, bilinear between pixel corners: exact for pixels of constant
/// brightness.
std::vector<float> Fingerprints::part(double side, double shift_x, double shift_y,
                                      int cells) const {
  const double cell = side * kThumbnailSide / cells;
  const double left = (0.5 + shift_x - side / 2) * kThumbnailSide;
  const double top = (0.5 + shift_y - side / 2) * kThumbnailSide;
  const int corners = cells + 1;
  std::vector<double> at(static_cast<std::size_t>(corners) * corners);
  std::array<double, kCorners> line;
  for (int j = 0; j < corners; ++j) {
    const double y = top + j * cell;
    const int y0 = std::clamp(static_cast<int>(y), 0, kThumbnailSide - 1);
    const double* row = sums_.data() + static_cast<std::size_t>(y0) * kCorners;
    const double fy = y - y0;
    for (std::size_t i = 0; i < kCorners; ++i) line[i] = row[i] + fy * (row[i + kCorners] - row[i]);
    for (int i = 0; i < corners; ++i) {
      const double x = left + i * cell;
      const int x0 = std::clamp(static_cast<int>(x), 0, kThumbnailSide - 1);
      const double* l = line.data() + x0;
      at[static_cast<std::size_t>(j * corners + i)] = l[0] + (x - x0) * (l[1] - l[0]);
    }
  }
  std::vector<float> values(static_cast<std::size_t>(cells) * cells);
  for (int j = 0; j < cells; ++j) {
    for (int i = 0; i < cells; ++i) {
      const double* a = at.data() + j * corners + i;
      values[static_cast<std::size_t>(j * cells + i)] =
          static_cast<float>((a[corners + 1] - a[corners] - a[1] + a[0]) / (cell * cell));
    }
  }
  normalise(values, cells);
  return values;
}

}  // namespace firstlight
