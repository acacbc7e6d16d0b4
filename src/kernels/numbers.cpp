#include <cstring>

#include "firstlight/kernels/kernels.h"

namespace firstlight::kernels {

std::size_t size_of(Source source) { return source == Source::kF32 ? 4 : 2; }

std::uint16_t bf16_from_f32(float x) {
  const auto bits = __builtin_bit_cast(std::uint32_t, x);
  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return static_cast<std::uint16_t>((bits | 0x400000u) >> 16);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

float f32_from_f16(std::uint16_t x) {
  const std::uint32_t sign = static_cast<std::uint32_t>(x & 0x8000u) << 16;
  const std::uint32_t exponent = (x >> 10) & 0x1fu;
  const std::uint32_t fraction = x & 0x3ffu;
  if (exponent == 0x1f) {
    return __builtin_bit_cast(float, sign | 0x7f800000u | (fraction << 13));
  }
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  return __builtin_bit_cast(float, sign | ((exponent + 112) << 23) | (fraction << 13));
}

float read_number(Source source, const void* data, std::size_t index) {
  // Files promise no alignment.
  const auto* bytes = static_cast<const char*>(data) + index * size_of(source);
  if (source == Source::kF32) {
    float x;
    std::memcpy(&x, bytes, sizeof x);
    return x;
  }
  std::uint16_t half;
  std::memcpy(&half, bytes, sizeof half);
  return source == Source::kF16 ? f32_from_f16(half) : f32_from_bf16(half);
}

}  // namespace firstlight::kernels
