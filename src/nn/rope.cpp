#include "firstlight/nn/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace firstlight::nn {
namespace {

/// YaRN (arXiv:2309.00071): components that turn often within the pretraining's length keep their
/// frequency, those that turn seldom are slowed down by the factor, with a ramp between.
struct Ramp {
  double low;
  double high;

  Ramp(const RopeConfig& rope, double size) {
    const auto component = [&](double turns) {
      return size * std::log(rope.original_max_positions / (turns * 2.0 * std::numbers::pi)) /
             (2.0 * std::log(rope.theta));
    };
    low = component(rope.beta_fast);
    high = component(rope.beta_slow);
    if (rope.truncate) {
      low = std::floor(low);
      high = std::ceil(high);
    }
    low = std::max(low, 0.0);
    high = std::min(high, size - 1.0);
    if (low == high) high += 0.001;
  }
  /// 0 where the frequency stays, 1 where it is divided by the factor.
  float at(std::size_t i) const {
    const float x =
        (static_cast<float>(i) - static_cast<float>(low)) / static_cast<float>(high - low);
    return std::clamp(x, 0.0f, 1.0f);
  }
};

float llama3(const RopeConfig& rope, float f) {
  const double wavelength = static_cast<float>(2.0 * std::numbers::pi) / f;
  if (wavelength > rope.original_max_positions / rope.low_freq_factor) {
    return f / static_cast<float>(rope.factor);
  }
  if (wavelength < rope.original_max_positions / rope.high_freq_factor) return f;
  const auto smooth =
      static_cast<float>((rope.original_max_positions / wavelength - rope.low_freq_factor) /
                         (rope.high_freq_factor - rope.low_freq_factor));
  return (1.0f - smooth) * f / static_cast<float>(rope.factor) + smooth * f;
}

}  // namespace

bool RopeConfig::stretches(std::int64_t length) const {
  const auto n = static_cast<double>(length);
  return (type == Type::kDynamic && n > max_positions) ||
         (type == Type::kLongRope && n > original_max_positions);
}

std::vector<float> RopeConfig::inverse_frequencies(std::int64_t head_size,
                                                   std::int64_t length) const {
  const auto size = static_cast<double>(head_size);
  double base = theta;
  if (type == Type::kDynamic && stretches(length)) {
    const double stretch = factor * static_cast<double>(length) / max_positions - (factor - 1.0);
    base *= std::pow(stretch, size / (size - 2.0));
  }
  const std::vector<double>& divisors = stretches(length) ? long_factor : short_factor;
  const Ramp ramp(*this, size);
  const auto turning = static_cast<std::size_t>(partial_rotary_factor * size / 2.0);
  const auto scale = static_cast<float>(factor);
  std::vector<float> frequencies;
  for (std::int64_t i = 0; i < head_size; i += 2) {
    const std::size_t place = frequencies.size();
    const float power = static_cast<float>(i) / static_cast<float>(head_size);
    const auto period = static_cast<float>(std::pow(base, static_cast<double>(power)));
    float f = 1.0f / period;
    switch (type) {
      case Type::kDefault:
      case Type::kDynamic:
        break;
      case Type::kLinear:
        f /= scale;
        break;
      case Type::kYarn:
        f = 1.0f / (scale * period) * ramp.at(place) + f * (1.0f - ramp.at(place));
        break;
      case Type::kLongRope:
        f = 1.0f / (static_cast<float>(divisors[place]) * period);
        break;
      case Type::kLlama3:
        f = llama3(*this, f);
        break;
      case Type::kProportional:
        f = place < turning ? f / scale : 0.0f;
        break;
    }
    frequencies.push_back(f);
  }
  return frequencies;
}

}  // namespace firstlight::nn
