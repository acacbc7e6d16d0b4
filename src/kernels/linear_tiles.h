#pragma once

#include <optional>

#include "firstlight/kernels/kernels.h"
#include "four_bit.h"
#include "variant.h"

namespace firstlight::kernels {

/// A bf16 product on tile registers: y[m, outputs] = x W^T + bias (may be null), or y += that. With
/// an activation W has 2 x outputs rows, outputs being a multiple of 16, and y = act(first half of
/// the sums) * second half; `add` is then false.
struct TileProduct {
  const VariantTable& table;
  /// [panel of 16 outputs][pair of inputs][output], steps * 16 pairs; null where there are codes.
  const std::uint32_t* w;
  const FourBit* four_bit;  ///< or null
  std::size_t outputs;
  std::size_t steps;  ///< of 32 inputs
  const float* bias;
  const std::uint16_t* x;  ///< pack_tiles
  std::size_t m;
  float* y;
  std::size_t y_stride;
  bool add;
  std::optional<Activation> activation;
};

/// Rounds m rows to bf16 tiles [block of 16 rows][step][16][32], in threads.
void pack_tiles(const TileUnit& unit, const float* x, std::size_t m, std::size_t columns,
                std::size_t x_stride, Buffer<std::uint16_t>& out);

/// Runs it in threads, which split rows or outputs and never the sums.
void run(const TileProduct& product);

}  // namespace firstlight::kernels
