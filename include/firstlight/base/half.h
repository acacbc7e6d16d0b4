#pragma once

#include <cmath>
#include <cstdint>

namespace firstlight {

/// The value of an IEEE 754 binary16 number, exact in a float; infinities and NaN keep their kind.
inline float half_to_float(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const auto mantissa = static_cast<float>(bits & 1023);
  float value = 0.0f;
  if (exponent == 31) {
    value = mantissa != 0 ? NAN : INFINITY;
  } else if (exponent == 0) {
    value = std::ldexp(mantissa, -24);
  } else {
    value = std::ldexp(mantissa + 1024.0f, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

}  // namespace firstlight
