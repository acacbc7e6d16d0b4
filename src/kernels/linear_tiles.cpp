#include "linear_tiles.h"

#include <algorithm>

#include "firstlight/base/parallel.h"
#include "tile_session.h"

namespace firstlight::kernels {
namespace {

/// Steps of 32 inputs that are taken at once: the weights of two panels (32 kB) then stay in the
/// first-level cache, past which the inputs stream. Sums are stored between two such blocks and
/// taken up again, which changes no bit.
constexpr std::size_t kBlockSteps = 16;
/// Rows whose inputs stay in the second-level cache while weights go by.
constexpr std::size_t kBlockRows = 320;
/// Pairs of panels whose sums are kept between two blocks of inputs.
constexpr std::size_t kGroup = 8;
/// With 4-bit weights and few rows: what is dequantised (16 kB) leaves room in the first-level
/// cache.
constexpr std::size_t kShortSteps = 8;
/// Cache lines of the next weights that are fetched in a step, at most: more would hold up the
/// loads of this one.
constexpr std::size_t kMostLines = 4;
/// Below this many multiplications a product is not worth handing to other threads.
constexpr std::size_t kSerialWork = 1 << 21;

constexpr std::size_t kTileWords = kTileRows * kTileRows;
constexpr std::size_t kTileNumbers = kTileRows * kTileInputs;

std::size_t panels_of(const TileProduct& p) { return (p.outputs + kTileRows - 1) / kTileRows; }

/// Panels are multiplied in pairs: neighbours, or a panel of gates and its panel of factors.
std::size_t pairs_of(const TileProduct& p) {
  return p.activation ? panels_of(p) : (panels_of(p) + 1) / 2;
}

struct Pair {
  std::size_t first;
  std::size_t distance;
  std::size_t count;
};
Pair pair_of(const TileProduct& p, std::size_t which) {
  if (p.activation) return {which, panels_of(p), 2};
  return {2 * which, 1, std::min<std::size_t>(2, panels_of(p) - 2 * which)};
}

/// Finished sums of a pair for up to 16 rows.
void store(const TileProduct& p, const Pair& pair, float* sums, std::size_t row, int rows) {
  if (p.activation) {
    const std::size_t column = pair.first * kTileRows;
    for (std::size_t q = 0; p.bias && q < 2; ++q) {
      float* part = sums + q * kTileWords;
      p.table.tiles->finish(part, p.bias + q * p.outputs + column, part, kTileRows, kTileRows,
                            kTileRows, false);
    }
    p.table.activate(static_cast<int>(*p.activation), sums, sums + kTileWords, sums, kTileWords);
    p.table.tiles->finish(sums, nullptr, p.y + row * p.y_stride + column, p.y_stride, rows,
                          kTileRows, false);
    return;
  }
  for (std::size_t q = 0; q < pair.count; ++q) {
    const std::size_t column = (pair.first + q) * kTileRows;
    p.table.tiles->finish(sums + q * kTileWords, p.bias ? p.bias + column : nullptr,
                          p.y + row * p.y_stride + column, p.y_stride, rows,
                          static_cast<int>(std::min(kTileRows, p.outputs - column)), p.add);
  }
}

/// Rows [row, row_end) of at most kBlockRows and a group of at most kGroup pairs, all of k.
void run_group(const TileProduct& p, std::size_t row, std::size_t row_end, std::size_t first,
               std::size_t pairs) {
  thread_local Buffer<float> sums;
  thread_local Buffer<std::uint32_t> words;
  const std::size_t blocks = (row_end - row + kTileRows - 1) / kTileRows;
  sums.resize(kGroup * 2 * (kBlockRows / kTileRows) * kTileWords);
  if (p.four_bit) words.resize(2 * kBlockSteps * kTileWords);
  const std::size_t block_steps = p.four_bit && blocks <= 2 ? kShortSteps : kBlockSteps;
  // With enough rows the next weights come from memory while these are used.
  const std::size_t calls = (blocks + 1) / 2;
  const std::size_t lines = (kTileRows + calls - 1) / calls;
  for (std::size_t s = 0; s < p.steps; s += block_steps) {
    TileBlock t{};
    t.steps = std::min(block_steps, p.steps - s);
    t.a_stride = p.steps * kTileNumbers;
    t.resume = s > 0;
    for (std::size_t i = 0; i < pairs; ++i) {
      const Pair pair = pair_of(p, first + i);
      t.panels = static_cast<int>(pair.count);
      t.row_stride = pair.count * kTileWords;
      if (p.four_bit) {
        t.b = words.data();
        t.b_stride = t.steps * kTileWords;
        for (std::size_t q = 0; q < pair.count; ++q) {
          p.four_bit->read(pair.first + q * pair.distance, s * kTileRows, t.steps * kTileRows,
                           words.data() + q * t.b_stride);
        }
      } else {
        t.b = p.w + (pair.first * p.steps + s) * kTileWords;
        t.b_stride = pair.distance * p.steps * kTileWords;
      }
      const bool fetch = !p.four_bit && lines <= kMostLines && i + 1 < pairs &&
                         pair_of(p, first + i + 1).count == 2;
      for (std::size_t r = 0; r < blocks; r += 2) {
        t.a = p.x + ((row / kTileRows + r) * p.steps + s) * kTileNumbers;
        t.c = sums.data() + (2 * i * blocks + r * pair.count) * kTileWords;
        t.row_blocks = static_cast<int>(std::min<std::size_t>(2, blocks - r));
        t.next_line = r / 2 * lines;
        t.next_b = fetch && t.next_line < kTileRows
                       ? p.w + (pair_of(p, first + i + 1).first * p.steps + s) * kTileWords
                       : nullptr;
        t.next_lines = t.next_b ? std::min(lines, kTileRows - t.next_line) : 0;
        p.table.tiles->multiply(t);
        if (s + t.steps < p.steps) continue;
        for (std::size_t q = 0; q < static_cast<std::size_t>(t.row_blocks); ++q) {
          const std::size_t y_row = row + (r + q) * kTileRows;
          store(p, pair, t.c + q * t.row_stride, y_row,
                static_cast<int>(std::min(kTileRows, row_end - y_row)));
        }
      }
    }
  }
}

/// All of k for rows [row, row_end) and pairs [first, last).
void run_rows(const TileProduct& p, std::size_t row, std::size_t row_end, std::size_t first,
              std::size_t last) {
  const std::size_t chunks = (row_end - row + kBlockRows - 1) / kBlockRows;
  const std::size_t chunk =
      ((row_end - row + chunks - 1) / chunks + 2 * kTileRows - 1) / (2 * kTileRows) * 2 * kTileRows;
  for (std::size_t i = first; i < last; i += kGroup) {
    for (std::size_t r = row; r < row_end; r += chunk) {
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
  const std::size_t pairs = pairs_of(p);
  const std::size_t weights = 2 * pairs * p.steps * kTileNumbers * sizeof(std::uint16_t);
  const std::size_t work = p.m * 2 * pairs * kTileRows * p.steps * kTileInputs;
  const auto threads = static_cast<std::size_t>(num_threads());
  const std::size_t blocks = (p.m + 2 * kTileRows - 1) / (2 * kTileRows);
  if (!p.four_bit && weights <= (std::size_t{1} << 20) && blocks >= 2 * threads) {
    // Rows are split: each thread reads all of the weights, which its cache holds.
    parallel_for(blocks, work < kSerialWork ? blocks : 1, [&](std::size_t begin, std::size_t end) {
      const TileSession session(*p.table.tiles);
      run_rows(p, begin * 2 * kTileRows, std::min(p.m, end * 2 * kTileRows), 0, pairs);
    });
    return;
  }
  parallel_for(pairs, work < kSerialWork ? pairs : 1, [&](std::size_t begin, std::size_t end) {
    const TileSession session(*p.table.tiles);
    run_rows(p, 0, p.m, begin, end);
  });
}

}  // namespace firstlight::kernels
