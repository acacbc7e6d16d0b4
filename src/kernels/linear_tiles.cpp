#include "linear_tiles.h"

#include <algorithm>

#include "firstlight/base/parallel.h"
#include "tile_session.h"

namespace firstlight::kernels {
namespace {

/// Steps of 32 inputs that are taken at once. Sums are stored between two such blocks and taken up
/// again, which changes no bit.
constexpr std::size_t kBlockSteps = 32;
/// Rows whose inputs of one block (1.25 MB) stay in the second-level cache while weights stream by.
constexpr std::size_t kBlockRows = 640;
/// Panels of 16 outputs whose sums are kept between two blocks of inputs.
constexpr std::size_t kGroup = 8;
/// With 4-bit weights and few rows: what is dequantised (16 kB) then stays in the first-level
/// cache.
constexpr std::size_t kShortSteps = 8;
/// Below this many multiplications a product is not worth handing to other threads.
constexpr std::size_t kSerialWork = 1 << 21;

constexpr std::size_t kTileWords = kTileRows * kTileRows;
constexpr std::size_t kTileNumbers = kTileRows * kTileInputs;

/// Rows [row, row_end) of at most kBlockRows and a group of at most kGroup panels, all of k.
void run_group(const TileProduct& p, std::size_t row, std::size_t row_end, std::size_t first,
               std::size_t panels) {
  thread_local Buffer<float> sums;
  const std::size_t blocks = (row_end - row + kTileRows - 1) / kTileRows;
  sums.resize(kGroup * (kBlockRows / kTileRows) * kTileWords);
  thread_local Buffer<std::uint32_t> words;
  if (p.four_bit) words.resize(2 * kBlockSteps * kTileWords);
  const std::size_t block_steps = p.four_bit && blocks <= 2 ? kShortSteps : kBlockSteps;
  for (std::size_t s = 0; s < p.steps; s += block_steps) {
    const std::size_t steps = std::min(block_steps, p.steps - s);
    const bool last = s + steps == p.steps;
    for (std::size_t i = 0; i < panels; i += 2) {
      const std::size_t two = std::min<std::size_t>(2, panels - i);
      const std::uint32_t* b = nullptr;
      std::size_t b_stride = p.steps * kTileWords;
      if (p.four_bit) {
        b = words.data();
        b_stride = steps * kTileWords;
        for (std::size_t q = 0; q < two; ++q) {
          p.four_bit->read(first + i + q, s * kTileRows, steps * kTileRows,
                           words.data() + q * b_stride);
        }
      } else {
        b = p.w + ((first + i) * p.steps + s) * kTileWords;
      }
      for (std::size_t r = 0; r < blocks; r += 2) {
        TileBlock t{};
        t.a = p.x + ((row / kTileRows + r) * p.steps + s) * kTileNumbers;
        t.a_stride = p.steps * kTileNumbers;
        t.b = b;
        t.b_stride = b_stride;
        t.steps = steps;
        t.c = sums.data() + (i * blocks + r * two) * kTileWords;
        t.row_stride = two * kTileWords;
        t.row_blocks = static_cast<int>(std::min<std::size_t>(2, blocks - r));
        t.panels = static_cast<int>(two);
        t.resume = s > 0;
        p.unit.multiply(t);
        if (!last) continue;
        for (std::size_t q = 0; q < static_cast<std::size_t>(t.row_blocks) * two; ++q) {
          const std::size_t y_row = row + (r + q / two) * kTileRows;
          const std::size_t column = (first + i + q % two) * kTileRows;
          p.unit.finish(t.c + q * kTileWords, p.bias ? p.bias + column : nullptr,
                        p.y + y_row * p.y_stride + column, p.y_stride,
                        static_cast<int>(std::min(kTileRows, row_end - y_row)),
                        static_cast<int>(std::min(kTileRows, p.outputs - column)), p.add);
        }
      }
    }
  }
}

void run_rows(const TileProduct& p, std::size_t row, std::size_t row_end, std::size_t first,
              std::size_t last) {
  const std::size_t chunks = (row_end - row + kBlockRows - 1) / kBlockRows;
  const std::size_t chunk =
      ((row_end - row + chunks - 1) / chunks + 2 * kTileRows - 1) / (2 * kTileRows) * 2 * kTileRows;
  for (std::size_t r = row; r < row_end; r += chunk) {
    for (std::size_t i = first; i < last; i += kGroup) {
      run_group(p, r, std::min(row_end, r + chunk), i, std::min(kGroup, last - i));
    }
  }
}

}  // namespace

void pack_tiles(const TileUnit& unit, const float* x, std::size_t m, std::size_t columns,
                std::size_t x_stride, Buffer<std::uint16_t>& out) {
  const std::size_t steps = (columns + kTileInputs - 1) / kTileInputs;
  const std::size_t blocks = (m + kTileRows - 1) / kTileRows;
  out.resize(blocks * steps * kTileNumbers);
  parallel_for(blocks, std::max<std::size_t>(1, (1 << 15) / columns),
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t r = begin * kTileRows; r < end * kTileRows; ++r) {
                   // Rows behind the last one are multiplied too, and their sums dropped.
                   const float* row = x + std::min(r, m - 1) * x_stride;
                   unit.pack_row(row, columns,
                                 out.data() + r / kTileRows * steps * kTileNumbers +
                                     r % kTileRows * kTileInputs);
                 }
               });
}

void run(const TileProduct& p) {
  const std::size_t panels = (p.outputs + kTileRows - 1) / kTileRows;
  const std::size_t work = p.m * p.outputs * p.steps * kTileInputs;
  const auto threads = static_cast<std::size_t>(num_threads());
  const std::size_t weights = panels * p.steps * kTileNumbers * sizeof(std::uint16_t);
  const std::size_t pairs = (p.m + 2 * kTileRows - 1) / (2 * kTileRows);
  if (!p.four_bit && weights <= (std::size_t{1} << 20) && pairs >= 2 * threads) {
    // Rows are split: each thread reads all of the weights, which its cache holds.
    parallel_for(pairs, work < kSerialWork ? pairs : 1, [&](std::size_t begin, std::size_t end) {
      const TileSession session(p.unit);
      run_rows(p, begin * 2 * kTileRows, std::min(p.m, end * 2 * kTileRows), 0, panels);
    });
    return;
  }
  parallel_for(panels, work < kSerialWork ? panels : 2, [&](std::size_t begin, std::size_t end) {
    const TileSession session(p.unit);
    run_rows(p, 0, p.m, begin, end);
  });
}

}  // namespace firstlight::kernels
