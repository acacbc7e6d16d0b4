#pragma once

#include <torch/types.h>

#include <bit>
#include <cstdint>

/// bf16 as bits: c10::BFloat16's own conversions keep compilers from vectorising a loop.
namespace firstlight::aten {

inline float widen(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}
inline float widen(float value) { return value; }

/// Rounds to the nearest even; NaN stays NaN.
inline void narrow(float value, std::uint16_t& out) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  out = static_cast<std::uint16_t>((bits & 0x7FFFFFFFU) > 0x7F800000U ? 0x7FC0U : rounded);
}
inline void narrow(float value, float& out) { out = value; }

/// Calls f with the tensor's elements as `float*` or, for bf16, as `std::uint16_t*`.
template <typename F>
void with_elements(const torch::Tensor& x, F f) {
  if (x.scalar_type() == torch::kFloat) {
    f(x.data_ptr<float>());
  } else {
    f(reinterpret_cast<std::uint16_t*>(x.data_ptr<at::BFloat16>()));
  }
}

/// The elements of a tensor of the type that `with_elements` named for its sibling.
template <typename T>
T* elements(const torch::Tensor& x) {
  return static_cast<T*>(x.data_ptr());
}

}  // namespace firstlight::aten
