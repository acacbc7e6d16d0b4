#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

/// Loops over rows that the operations on sites share.
namespace firstlight::aten {

constexpr std::int64_t kRowGrain = 128;  ///< rows a thread takes at a time

/// Channels that are summed side by side in registers.
constexpr std::int64_t kBlock = 32;

/// Calls body(first channel, channels) for all channels, mostly with a constant number.
template <typename Body>
void for_channels(std::int64_t width, Body body) {
  constexpr std::int64_t kSmall = 8;
  std::int64_t c = 0;
  for (; c + kBlock <= width; c += kBlock) body(c, std::integral_constant<std::int64_t, kBlock>{});
  for (; c + kSmall <= width; c += kSmall) body(c, std::integral_constant<std::int64_t, kSmall>{});
  if (c < width) body(c, width - c);
}

/// Rows in fixed pieces, each with sums of its own that are added up in order: the same bits for
/// any number of threads. body(first row, last row, sums of `width` numbers).
template <typename Body>
std::vector<double> sums_by_piece(std::int64_t rows, std::int64_t width, Body body) {
  constexpr std::int64_t kPiece = 512;
  const std::int64_t pieces = (rows + kPiece - 1) / kPiece;
  std::vector<float> partial(static_cast<std::size_t>(pieces * width), 0.0F);
  at::parallel_for(0, pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) {
      body(p * kPiece, std::min(rows, (p + 1) * kPiece), partial.data() + p * width);
    }
  });
  std::vector<double> total(static_cast<std::size_t>(width), 0.0);
  for (std::int64_t p = 0; p < pieces; ++p) {
    for (std::int64_t c = 0; c < width; ++c) total[c] += partial[p * width + c];
  }
  return total;
}

}  // namespace firstlight::aten
