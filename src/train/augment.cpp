#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "firstlight/train/pool.h"

namespace firstlight::train {
namespace {

/// Maps an output pixel to input coordinates: centre + m * (offset from the output's centre).
struct Warp {
  double xx = 1, xy = 0, yx = 0, yy = 1;
  double shift_x = 0, shift_y = 0;
};

/// Coordinates outside are mirrored at the edge.
double mirror(double x, double limit) {
  if (x < 0) x = -x;
  if (x > limit) x = 2 * limit - x;
  return std::clamp(x, 0.0, limit);
}

void sample(const std::uint8_t* pixels, int side, const Warp& warp, int size, float* planes) {
  const double limit = side - 1;
  const double centre_in = limit / 2;
  const double centre_out = (size - 1) / 2.0;
  const std::size_t plane = static_cast<std::size_t>(size) * size;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const double dx = x - centre_out;
      const double dy = y - centre_out;
      const double u = mirror(centre_in + warp.shift_x + warp.xx * dx + warp.xy * dy, limit);
      const double v = mirror(centre_in + warp.shift_y + warp.yx * dx + warp.yy * dy, limit);
      const int x0 = std::min(static_cast<int>(u), side - 2);
      const int y0 = std::min(static_cast<int>(v), side - 2);
      const auto fx = static_cast<float>(u - x0);
      const auto fy = static_cast<float>(v - y0);
      const std::uint8_t* a = pixels + (static_cast<std::size_t>(y0) * side + x0) * 3;
      const std::uint8_t* b = a + static_cast<std::size_t>(side) * 3;
      for (int c = 0; c < 3; ++c) {
        const float top = static_cast<float>(a[c]) * (1 - fx) + static_cast<float>(a[c + 3]) * fx;
        const float bottom =
            static_cast<float>(b[c]) * (1 - fx) + static_cast<float>(b[c + 3]) * fx;
        planes[static_cast<std::size_t>(c) * plane + static_cast<std::size_t>(y) * size + x] =
            top * (1 - fy) + bottom * fy;
      }
    }
  }
}

void normalise(const Augmentation& settings, float* planes) {
  const std::size_t plane = static_cast<std::size_t>(settings.size) * settings.size;
  for (std::size_t c = 0; c < 3; ++c) {
    const auto scale = static_cast<float>(1 / (255 * settings.std[c]));
    const auto offset = static_cast<float>(settings.mean[c] / settings.std[c]);
    for (std::size_t i = 0; i < plane; ++i) {
      float& value = planes[c * plane + i];
      value = std::clamp(value, 0.0F, 255.0F) * scale - offset;
    }
  }
}

}  // namespace

void prepare(const std::uint8_t* pixels, int side, const Augmentation& settings, float* out) {
  Warp warp;
  warp.xx = warp.yy = static_cast<double>(side) / settings.size;
  sample(pixels, side, warp, settings.size, out);
  normalise(settings, out);
}

void draw_map(const nn::ChargeMap& map, bool inverted, const Augmentation& settings, float* out) {
  const std::int64_t size = settings.size;
  const std::int64_t longer = std::max(map.height, map.width);
  const std::size_t plane = static_cast<std::size_t>(size * size);
  std::vector<std::uint8_t> greatest(plane, 0);
  // A pixel counts for every place that it covers in part.
  const auto first = [&](std::int64_t x) { return x * size / longer; };
  const auto last = [&](std::int64_t x) { return ((x + 1) * size - 1) / longer; };
  for (std::size_t i = 0; i < map.places.size(); ++i) {
    const std::int64_t y = map.places[i] / map.width;
    const std::int64_t x = map.places[i] % map.width;
    for (std::int64_t v = first(y); v <= last(y); ++v) {
      for (std::int64_t u = first(x); u <= last(x); ++u) {
        std::uint8_t& charge = greatest[static_cast<std::size_t>(v * size + u)];
        charge = std::max(charge, map.charges[i]);
      }
    }
  }
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < plane; ++i) {
      out[c * plane + i] = static_cast<float>(inverted ? 255 - greatest[i] : greatest[i]);
    }
  }
  normalise(settings, out);
}

void augment(const std::uint8_t* pixels, int side, const Augmentation& settings, Random& random,
             float* out) {
  const bool free = !settings.upright && random.chance(0.6);
  const double turn = static_cast<double>(random.below(4)) * std::numbers::pi / 2;
  const double angle = turn + (free ? random.uniform(-0.8, 0.8) : 0.0);
  const double zoom = static_cast<double>(side) / settings.size *
                      (free ? std::exp(random.uniform(-0.3, 0.2)) : 1.0);
  const double flip = random.chance(0.5) ? -1 : 1;
  Warp warp;
  warp.xx = zoom * std::cos(angle) * flip;
  warp.xy = -zoom * std::sin(angle);
  warp.yx = zoom * std::sin(angle) * flip;
  warp.yy = zoom * std::cos(angle);
  if (free) {
    warp.shift_x = random.uniform(-0.04, 0.04) * side;
    warp.shift_y = random.uniform(-0.04, 0.04) * side;
  }
  sample(pixels, side, warp, settings.size, out);

  const std::size_t plane = static_cast<std::size_t>(settings.size) * settings.size;
  const double gain = std::exp(random.normal(0, 0.15));
  const double gamma = random.chance(0.4) ? std::exp(random.normal(0, 0.15)) : 1.0;
  const double offset = random.normal(0, 3);
  const double noise = random.chance(0.25) ? random.uniform(0, 6) : 0;
  for (std::size_t c = 0; c < 3; ++c) {
    const double channel = gain * std::exp(random.normal(0, 0.06));
    float* values = out + c * plane;
    for (std::size_t i = 0; i < plane; ++i) {
      double value = values[i];
      if (gamma != 1.0) value = 255 * std::pow(value / 255, gamma);
      value = value * channel + offset;
      if (noise > 0) value += noise * random.normal();
      values[i] = static_cast<float>(value);
    }
  }
  normalise(settings, out);
}

}  // namespace firstlight::train
