#pragma once

#include <vector>

#include "firstlight/base/random.h"
#include "firstlight/kernels/kernels.h"

namespace firstlight::kernels {

inline std::vector<float> normal_numbers(std::size_t n, std::uint64_t seed, double sigma = 1.0) {
  Random random(seed);
  std::vector<float> x(n);
  for (float& v : x) v = static_cast<float>(random.normal(0.0, sigma));
  return x;
}

/// Every instruction set of the machine, as a test parameter.
inline std::vector<Isa> every_isa() { return available_isas(); }

}  // namespace firstlight::kernels
