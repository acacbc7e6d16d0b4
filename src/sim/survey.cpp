#include "survey.h"

#include <algorithm>
#include <cmath>

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

/// Replaces colour differences by their means over 2 x 2 pixels, brightness untouched.
void halve_chroma(std::array<Plane, 3>& rgb) {
  const int w = rgb[0].width;
  const int h = rgb[0].height;
  for (int y = 0; y < h; y += 2) {
    for (int x = 0; x < w; x += 2) {
      const int x_end = std::min(w, x + 2);
      const int y_end = std::min(h, y + 2);
      std::array<float, 3> mean = {0, 0, 0};
      float mean_luma = 0;
      for (int j = y; j < y_end; ++j) {
        for (int i = x; i < x_end; ++i) {
          for (int b = 0; b < 3; ++b) mean[b] += rgb[b].at(i, j);
        }
      }
      const float cells = static_cast<float>((x_end - x) * (y_end - y));
      for (float& m : mean) m /= cells;
      mean_luma = 0.299f * mean[0] + 0.587f * mean[1] + 0.114f * mean[2];
      for (int j = y; j < y_end; ++j) {
        for (int i = x; i < x_end; ++i) {
          const float luma =
              0.299f * rgb[0].at(i, j) + 0.587f * rgb[1].at(i, j) + 0.114f * rgb[2].at(i, j);
          for (int b = 0; b < 3; ++b) {
            rgb[b].at(i, j) = std::clamp(luma + mean[b] - mean_luma, 0.0f, 255.0f);
          }
        }
      }
    }
  }
}

}  // namespace

void expose(Scene& scene, Random& random, const Exposure& exposure) {
  const double root = std::sqrt(exposure.sky_electrons);
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
      const double s = exposure.correlation_px;
      blur(noise, s);
      double taps2 = 0;
      double taps = 0;
      for (int i = -8; i <= 8; ++i) {
        const double t = std::exp(-0.5 * i * i / (s * s));
        taps += t;
        taps2 += t * t;
      }
      const float restore = static_cast<float>(taps * taps / taps2);
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
  if (picture.half_chroma) halve_chroma(rgb);
  return rgb;
}

Image to_image(const std::array<Plane, 3>& planes, int size) {
  const Raster raster = resampled(planes[0], planes[1], planes[2], size);
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

Raster to_raster(const Scene& scene, int size) {
  return resampled(scene.band(0), scene.band(1), scene.band(2), size);
}

}  // namespace firstlight::sim
