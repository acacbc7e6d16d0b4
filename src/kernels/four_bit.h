#pragma once

#include "variant.h"

namespace firstlight::kernels {

/// A packed matrix of 4-bit codes, whose parts become bf16 words just before they are multiplied.
struct FourBit {
  const VariantTable& table;
  const std::uint32_t* codes;  ///< as in PackedMatrix
  const float* scales;
  const float* values;
  std::size_t columns;
  std::size_t panel;

  /// Pairs of inputs [first, first + count) of a panel, both multiples of 32, as words
  /// [pair][panel].
  void read(std::size_t which, std::size_t first, std::size_t count, std::uint32_t* out) const {
    const std::uint32_t* from = codes + (which * (columns / 8) + first / 4) * panel;
    const float* factors = scales + (which * (columns / 64) + first / 32) * panel;
    table.dequantise({from, factors, values, count / 32, panel, out});
  }
};

}  // namespace firstlight::kernels
