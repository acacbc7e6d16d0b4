#include "firstlight/image/stretch.h"

#include <algorithm>
#include <cmath>

namespace firstlight {
namespace {

/// Order statistic `position` (0 to n - 1, may lie between two), values in any order.
double order_statistic(std::vector<float>& values, double position) {
  const auto below = static_cast<std::size_t>(position);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), middle, values.end());
  const double low = *middle;
  const double fraction = position - static_cast<double>(below);
  if (fraction == 0.0 || below + 1 == values.size()) return low;
  const double high = *std::min_element(middle + 1, values.end());
  return low + (high - low) * fraction;
}

std::vector<float> finite_pixels(const Raster& raster, int band, double fraction) {
  const auto part = [fraction](int side) {
    return std::clamp(static_cast<int>(std::lround(side * fraction)), 1, side);
  };
  const int width = part(raster.width), height = part(raster.height);
  const int x = (raster.width - width) / 2, y = (raster.height - height) / 2;
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(width) * height);
  for (int row = y; row < y + height; ++row) {
    const float* pixels = raster.plane(band) + static_cast<std::size_t>(row) * raster.width;
    for (int column = x; column < x + width; ++column) {
      if (std::isfinite(pixels[column])) values.push_back(pixels[column]);
    }
  }
  return values;
}

StretchLimits limits_of(const std::vector<float>& values, const StretchSettings& settings) {
  if (settings.kind == "linear") {
    const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
    return {*least, *greatest};
  }
  if (settings.kind == "zscale") return zscale_limits(values, settings.contrast);
  return percentile_limits(values, settings.percentile);
}

double normalised(double value, const StretchLimits& limits) {
  double x = value - limits.low;
  if (limits.high != limits.low) x /= limits.high - limits.low;
  return std::clamp(x, 0.0, 1.0);
}

void stretch_band(const float* values, std::size_t n, const StretchSettings& settings,
                  const StretchLimits& limits, float* target) {
  const bool asinh = settings.kind == "asinh", log = settings.kind == "log";
  const double a = settings.softening.value_or(asinh ? 0.1 : 1000.0);
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(values[i])) continue;
    double y = normalised(values[i], limits);
    if (asinh) y = asinh_stretch(y, a);
    if (log) y = log_stretch(y, a);
    target[i] = static_cast<float>(y);
  }
}

void stretch_lupton(const Raster& raster, const StretchSettings& settings,
                    const std::vector<StretchLimits>& limits, Raster& target) {
  const double q = settings.softening.value_or(8.0);
  const double slope = 0.1 / std::asinh(0.1 * q), soften = q / settings.stretch;
  const std::size_t n = static_cast<std::size_t>(raster.width) * raster.height;
  for (std::size_t i = 0; i < n; ++i) {
    double intensity = 0.0;
    for (int band = 0; band < raster.bands; ++band) {
      intensity += raster.plane(band)[i] - limits[band].low;
    }
    intensity /= raster.bands;
    // A pixel that is blank in one band has no colour: it stays black. So does one without light.
    if (!std::isfinite(intensity) || intensity <= 0.0) continue;
    const double factor = std::asinh(intensity * soften) * slope / intensity;
    double greatest = 1.0;
    for (int band = 0; band < raster.bands; ++band) {
      greatest = std::max(greatest, (raster.plane(band)[i] - limits[band].low) * factor);
    }
    for (int band = 0; band < raster.bands; ++band) {
      const double value = (raster.plane(band)[i] - limits[band].low) * factor / greatest;
      target.plane(band)[i] = static_cast<float>(std::max(value, 0.0));
    }
  }
}

}  // namespace

StretchLimits percentile_limits(std::vector<float> values, double percentile) {
  const double last = static_cast<double>(values.size()) - 1.0;
  const double left_out = (100.0 - percentile) * 0.5;
  const double low = order_statistic(values, last * (left_out / 100.0));
  const double high = order_statistic(values, last * ((100.0 - left_out) / 100.0));
  return {low, high};
}

double asinh_stretch(double x, double a) { return std::asinh(x / a) / std::asinh(1.0 / a); }

double log_stretch(double x, double a) { return std::log(a * x + 1.0) / std::log(a + 1.0); }

Result<std::vector<StretchLimits>> find_limits(const Raster& raster,
                                               const StretchSettings& settings) {
  const bool lupton = settings.kind == "lupton";
  if (lupton && settings.high) {
    return Error::usage("", "stretch 'lupton' takes no 'high'", "give 'stretch' and 'softening'");
  }
  std::vector<StretchLimits> limits;
  for (int band = 0; band < raster.bands; ++band) {
    std::vector<float> values = finite_pixels(raster, band, settings.limits_from);
    if (values.empty()) values = finite_pixels(raster, band, 1.0);
    if (values.empty()) {
      return Error::input(
          "", raster.bands == 1 ? "all pixels are blank"
                                : "all pixels of band " + std::to_string(band + 1) + " are blank");
    }
    StretchLimits found;
    if (lupton) {
      found = {0.0, 0.0};
    } else if (!settings.low || !settings.high) {
      found = limits_of(values, settings);
    }
    limits.push_back({settings.low.value_or(found.low), settings.high.value_or(found.high)});
  }
  return limits;
}

Raster apply_stretch(const Raster& raster, const StretchSettings& settings,
                     const std::vector<StretchLimits>& limits) {
  Raster result{raster.width, raster.height, raster.bands, {}};
  result.values.assign(raster.values.size(), 0.0f);
  if (settings.kind == "lupton") {
    stretch_lupton(raster, settings, limits, result);
    return result;
  }
  const std::size_t n = static_cast<std::size_t>(raster.width) * raster.height;
  for (int band = 0; band < raster.bands; ++band) {
    stretch_band(raster.plane(band), n, settings, limits[band], result.plane(band));
  }
  return result;
}

Image to_picture(const Raster& stretched) {
  const auto level = [](float y) { return static_cast<std::uint8_t>(y * 255.0f + 0.5f); };
  const std::size_t n = static_cast<std::size_t>(stretched.width) * stretched.height;
  Image image{stretched.width, stretched.height, stretched.bands == 1 ? 1 : 3, {}};
  image.pixels.resize(n * image.channels);
  const float* blue = stretched.plane(0);
  if (stretched.bands == 1) {
    for (std::size_t i = 0; i < n; ++i) image.pixels[i] = level(blue[i]);
    return image;
  }
  const float* red = stretched.plane(stretched.bands - 1);
  for (std::size_t i = 0; i < n; ++i) {
    const float green = stretched.bands == 3 ? stretched.plane(1)[i] : 0.5f * (red[i] + blue[i]);
    image.pixels[i * 3] = level(red[i]);
    image.pixels[i * 3 + 1] = level(green);
    image.pixels[i * 3 + 2] = level(blue[i]);
  }
  return image;
}

void invert(Image& image) {
  for (std::uint8_t& level : image.pixels) level = static_cast<std::uint8_t>(255 - level);
}

}  // namespace firstlight
