#include "survey.h"

#include <algorithm>
#include <cmath>

#include "firstlight/image/codec.h"
#include "firstlight/image/resize.h"

namespace firstlight::sim {
namespace {

/// The three planes as one raster of size x size pixels.
Raster resampled(const Plane& red, const Plane& green, const Plane& blue, int size) {
  Raster raster;
  raster.width = red.width;
  raster.height = red.height;
  raster.bands = 3;
  raster.values.reserve(3 * red.values.size());
  for (const Plane* plane : {&red, &green, &blue}) {
    raster.values.insert(raster.values.end(), plane->values.begin(), plane->values.end());
  }
  if (size == red.width && size == red.height) return raster;
  return resize(raster, size, size, ResizeFilter::kBicubic);
}

/// Cubic convolution (Keys 1981, a = -0.5) weights of the four pixels around a fraction u.
std::array<float, 4> cubic(float u) {
  return {((-0.5f * u + 1) * u - 0.5f) * u, (1.5f * u - 2.5f) * u * u + 1,
          ((-1.5f * u + 2) * u + 0.5f) * u, (0.5f * u - 0.5f) * u * u};
}

float interpolate(const Plane& plane, double x, double y) {
  x = std::clamp(x, 1.0, plane.width - 2.001);
  y = std::clamp(y, 1.0, plane.height - 2.001);
  const int i = static_cast<int>(x);
  const int j = static_cast<int>(y);
  const std::array<float, 4> across = cubic(static_cast<float>(x - i));
  const std::array<float, 4> down = cubic(static_cast<float>(y - j));
  const float* p = &plane.values[static_cast<std::size_t>(j - 1) * plane.width + i - 1];
  float total = 0;
  for (int row = 0; row < 4; ++row, p += plane.width) {
    total +=
        down[row] * (across[0] * p[0] + across[1] * p[1] + across[2] * p[2] + across[3] * p[3]);
  }
  return total;
}

}  // namespace

void expose(Scene& scene, Random& random, const Exposure& exposure) {
  const double root = std::sqrt(exposure.sky_electrons);
  Plane impulse(17, 17);
  impulse.at(8, 8) = 1;
  blur(impulse, exposure.correlation_px);
  double power = 0;
  for (const float v : impulse.values) power += v * v;
  const float restore = static_cast<float>(1 / std::sqrt(power));
  for (int b = 0; b < 3; ++b) {
    const double sky = exposure.sky_electrons * exposure.sky_noise[b] * exposure.sky_noise[b];
    Plane noise(scene.width(), scene.height());
    Plane& light = scene.band(b);
    for (std::size_t i = 0; i < light.values.size(); ++i) {
      // One unit is sqrt(sky_electrons) electrons, the Poisson noise of the sky itself.
      const double mean = sky + std::max(0.0f, light.values[i]) * root;
      const double counted = mean > 50 ? random.normal(mean, std::sqrt(mean))
                                       : static_cast<double>(random.poisson(mean));
      noise.values[i] = static_cast<float>((counted - mean) / root);
    }
    if (exposure.correlation_px > 0) {
      // Resampling spreads noise over pixels; the variance of a pixel is restored, so that
      // `sky_noise` is what the final frame shows.
      blur(noise, exposure.correlation_px);
      for (float& v : noise.values) v *= restore;
    }
    const float offset = static_cast<float>(exposure.offset[b]);
    for (std::size_t i = 0; i < light.values.size(); ++i) {
      light.values[i] += noise.values[i] + offset;
    }
  }
}

std::array<Plane, 3> stretch(const Scene& scene, const Picture& picture) {
  const int w = scene.width();
  const int h = scene.height();
  std::array<Plane, 3> rgb = {Plane(w, h), Plane(w, h), Plane(w, h)};
  const double beta = picture.slope * picture.range / 255;
  const float scale = static_cast<float>(255 / picture.range);
  const float sky = static_cast<float>(picture.sky_level);
  const float boost = static_cast<float>(picture.colour_boost);
  for (std::size_t i = 0; i < rgb[0].values.size(); ++i) {
    std::array<float, 3> v;
    for (int b = 0; b < 3; ++b) v[b] = scene.band(b).values[i];
    const float mean = (v[0] + v[1] + v[2]) / 3;
    const float x = static_cast<float>(beta) * mean;
    // asinh(x) / x -> 1 near the sky, where noise may be negative.
    const float gain = std::abs(x) < 1e-3f ? 1.0f : std::asinh(x) / x;
    const float to_grey = gain * scale * static_cast<float>(beta);
    float top = 0;
    for (int b = 0; b < 3; ++b) {
      v[b] = sky + to_grey * (mean + boost * (v[b] - mean));
      top = std::max(top, v[b]);
    }
    const float down = top > 255 ? 255 / top : 1.0f;
    for (int b = 0; b < 3; ++b) rgb[b].values[i] = std::clamp(v[b] * down, 0.0f, 255.0f);
  }
  return rgb;
}

Raster to_raster(const std::array<Plane, 3>& bands, int size) {
  return resampled(bands[0], bands[1], bands[2], size);
}

void compress(std::array<Plane, 3>& rgb, int quality) {
  const Image image = to_image(rgb, rgb[0].width);
  const Result<Pixels> decoded = decode_image(encode_jpeg(image, quality), "simulated frame");
  const Image& read = std::get<Image>(decoded.value());
  for (int b = 0; b < 3; ++b) {
    for (std::size_t i = 0; i < rgb[b].values.size(); ++i) {
      rgb[b].values[i] = read.pixels[3 * i + b];
    }
  }
}

Plane rotated_middle(const Plane& plane, double angle, int side) {
  if (angle == 0 && side == plane.width) return plane;
  Plane out(side, side);
  const double c = std::cos(angle);
  const double s = std::sin(angle);
  const double middle = 0.5 * (side - 1);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const double dx = x - middle;
      const double dy = y - middle;
      out.at(x, y) = interpolate(plane, 0.5 * (plane.width - 1) + c * dx - s * dy,
                                 0.5 * (plane.height - 1) + s * dx + c * dy);
    }
  }
  return out;
}

Image to_image(const std::array<Plane, 3>& planes, int size) {
  const Raster raster = to_raster(planes, size);
  Image image;
  image.width = size;
  image.height = size;
  image.channels = 3;
  image.pixels.resize(raster.values.size());
  for (int b = 0; b < 3; ++b) {
    const float* plane = raster.plane(b);
    for (std::size_t i = 0; i < image.pixels.size() / 3; ++i) {
      image.pixels[3 * i + b] =
          static_cast<std::uint8_t>(std::clamp(plane[i] + 0.5f, 0.0f, 255.0f));
    }
  }
  return image;
}

}  // namespace firstlight::sim
