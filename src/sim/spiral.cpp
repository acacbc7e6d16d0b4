#include "spiral.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace firstlight::sim {
namespace {

constexpr double kPi = std::numbers::pi;

/// A ragged pattern sheared along the arms: a few waves in (theta, ln R) with random phases.
struct Wave {
  float m;
  float k;
  float phase;
};

}  // namespace

SpiralLight spiral_light(int width, int height, const Ellipse& disk, const SpiralPattern& pattern,
                         double dust, Random& random) {
  SpiralLight light{Plane(width, height), Plane(width, height)};
  const float sense = pattern.clockwise ? -1.0f : 1.0f;
  const float cot = static_cast<float>(1 / std::tan(pattern.pitch));
  std::vector<Wave> waves;
  for (int i = 0; i < 7; ++i) {
    const double m = 2 + static_cast<double>(random.below(6));
    const double pitch = std::max(0.12, pattern.pitch * random.uniform(0.7, 1.5));
    waves.push_back({static_cast<float>(m), static_cast<float>(m / std::tan(pitch)),
                     static_cast<float>(random.uniform(0, 2 * kPi))});
  }
  const float wobble_phase[2] = {static_cast<float>(random.uniform(0, 2 * kPi)),
                                 static_cast<float>(random.uniform(0, 2 * kPi))};
  const float side = static_cast<float>(random.uniform(0, 2 * kPi));
  const float sharpness = static_cast<float>(pattern.sharpness);
  const float m = static_cast<float>(pattern.arms);

  const float c = static_cast<float>(std::cos(disk.angle));
  const float s = static_cast<float>(std::sin(disk.angle));
  const float inverse_h = static_cast<float>(1 / disk.radius);
  const float inverse_q = static_cast<float>(1 / disk.axis_ratio);
  const float norm =
      static_cast<float>(1 / (2 * kPi * disk.radius * disk.radius * disk.axis_ratio));
  const float inner = static_cast<float>(pattern.inner);
  const float outer = static_cast<float>(pattern.outer);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const float dx = static_cast<float>(x - disk.x);
      const float dy = static_cast<float>(y - disk.y);
      const float u = (c * dx + s * dy) * inverse_h;
      const float v = (-s * dx + c * dy) * inverse_h * inverse_q;
      const float r2 = u * u + v * v;
      if (r2 > 144) continue;
      // Softened at the centre so that sampling at pixel centres keeps the disk's flux.
      const float r = std::sqrt(r2 + 0.02f * inverse_h * inverse_h);
      const float smooth = norm * std::exp(-r);
      float old = smooth;
      if (r < outer + 0.7f) {
        const float theta = sense * std::atan2(v, u);
        const float log_r = std::log(r);
        const float fade_in = 1 / (1 + std::exp(-(r - inner) * 6 / std::max(0.2f, inner)));
        const float fade_out = 1 / (1 + std::exp((r - outer) * 5));
        float arm = 0;
        if (pattern.arms > 0) {
          const float course = theta - cot * log_r + static_cast<float>(pattern.phase) +
                               static_cast<float>(pattern.wobble) *
                                   (std::sin(1.7f * log_r * 2 + wobble_phase[0]) +
                                    0.5f * std::sin(theta + 3.1f * log_r + wobble_phase[1]));
          arm = std::exp(sharpness * (std::cos(m * course) - 1)) *
                (1 + static_cast<float>(pattern.lopsidedness) * std::cos(theta - side));
          // Dust follows the inner (concave) edge of the arms.
          const float lane =
              std::exp(2.5f * sharpness * (std::cos(m * course + 0.9f) - 1)) * fade_in * fade_out;
          old *= 1 - static_cast<float>(dust) * lane;
        }
        if (pattern.flocculence > 0) {
          float field = 0;
          for (const Wave& wave : waves) {
            field += std::cos(wave.m * theta - wave.k * log_r + wave.phase);
          }
          const float ragged = std::exp(0.55f * field - 0.8f);
          const float f = static_cast<float>(pattern.flocculence);
          arm =
              pattern.arms > 0 ? arm * (1 - 0.5f * f + f * ragged) + 0.3f * f * ragged : f * ragged;
        }
        // Young stars reach further out than the old disk.
        light.young.at(x, y) = norm * std::exp(-r / 1.35f) * arm * fade_in * fade_out;
      }
      light.smooth.at(x, y) = old;
    }
  }
  return light;
}

}  // namespace firstlight::sim
