#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "firstlight/kernels/kernels.h"
#include "firstlight/nn/quantization.h"

namespace firstlight::nn {

/// The sixteen numbers of a type, by code, as bitsandbytes has them.
const std::array<float, 16>& four_bit_table(FourBitType type);
/// The 256 numbers, ascending, that double quantisation stores block maxima in: bitsandbytes'
/// "dynamic map".
const std::array<float, 256>& dynamic_table();

/// Block maxima in 8 bits: absmax[i] = table[codes[i]] * nested_absmax[i / 256] + offset.
struct NestedAbsmax {
  static constexpr std::size_t kBlock = 256;
  std::vector<std::uint8_t> codes;
  std::vector<float> absmax;
  float offset = 0.0f;
};
/// As bitsandbytes does on the CPU: the mean is taken away, and a number's code is that of the
/// nearest of 65,536 places between -1 and 1.
NestedAbsmax nest_absmax(const std::vector<float>& absmax);
/// `table` has 256 entries.
std::vector<float> unnest_absmax(const NestedAbsmax& nested, const float* table);

/// A matrix [rows, columns] in 4-bit blocks as bitsandbytes stores them: all numbers in one row,
/// `block` of them sharing a maximum, two codes a byte with the first in the upper half.
/// number = table[code] * absmax[place / block], in f32. Immutable once filled.
struct FourBitMatrix {
  FourBitType type = FourBitType::kNf4;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t block = 64;
  kernels::Buffer<std::uint8_t> codes;
  std::vector<float> absmax;

  /// Room for the codes and maxima, unset.
  static FourBitMatrix make(FourBitType type, std::size_t rows, std::size_t columns,
                            std::size_t block);
  /// Codes and maxima of `source` numbers, row-major: each number takes the nearest entry of the
  /// table, a number halfway between two the smaller one.
  static FourBitMatrix quantize(FourBitType type, std::size_t rows, std::size_t columns,
                                std::size_t block, kernels::Source source, const void* data);
  /// The numbers of `count` rows from `first` on.
  void dequantize(std::size_t first, std::size_t count, float* out) const;
  std::size_t bytes() const { return codes.size() + absmax.size() * sizeof(float); }
};

}  // namespace firstlight::nn
