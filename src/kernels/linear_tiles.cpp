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
/// Sets of panels whose sums are kept between two blocks of inputs.
constexpr std::size_t kGroup = 8;
/// With 4-bit weights and few rows: what is dequantised (up to 32 kB) stays in the first-level
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

/// Panels that are multiplied together: neighbours, or panels of gates each with its panel of
/// factors behind it. Few rows take more of them at once.
struct Set {
  std::size_t panels[4];
  std::size_t count;
};

std::size_t set_size(const TileProduct& p) { return p.m <= kTileRows ? 4 : 2; }

std::size_t sets_of(const TileProduct& p) {
  const std::size_t panels = p.activation ? 2 * panels_of(p) : panels_of(p);
  return (panels + set_size(p) - 1) / set_size(p);
}

Set set_of(const TileProduct& p, std::size_t which) {
  Set set{};
  const std::size_t size = set_size(p);
  if (!p.activation) {
    set.count = std::min(size, panels_of(p) - size * which);
    for (std::size_t q = 0; q < set.count; ++q) set.panels[q] = size * which + q;
    return set;
  }
  set.count = std::min(size, 2 * (panels_of(p) - size / 2 * which));
  for (std::size_t q = 0; q < set.count; ++q) {
    set.panels[q] = size / 2 * which + q / 2 + (q % 2) * panels_of(p);
  }
  return set;
}

/// Finished sums of a set for up to 16 rows.
void store(const TileProduct& p, const Set& set, float* sums, std::size_t row, int rows) {
  float* y = p.y + row * p.y_stride;
  const TileUnit& unit = *p.table.tiles;
  for (std::size_t q = 0; q < set.count; ++q, sums += kTileWords) {
    const std::size_t column = set.panels[q] * kTileRows;
    const float* bias = p.bias ? p.bias + column : nullptr;
    if (!p.activation) {
      unit.finish(sums, bias, y + column, p.y_stride, rows,
                  static_cast<int>(std::min(kTileRows, p.outputs - column)), p.add);
      continue;
    }
    if (bias) unit.finish(sums, bias, sums, kTileRows, rows, kTileRows, false);
    if (q % 2 == 0) continue;
    float* gate = sums - kTileWords;
    p.table.activate(static_cast<int>(*p.activation), gate, sums, gate,
                     static_cast<std::size_t>(rows) * kTileRows);
    unit.finish(gate, nullptr, y + set.panels[q - 1] * kTileRows, p.y_stride, rows, kTileRows,
                false);
  }
}

/// The weights of a group of sets, in order, as words.
void read_group(const TileProduct& p, std::size_t first, std::size_t sets,
                Buffer<std::uint32_t>& out) {
  const std::size_t panel = p.steps * kTileWords;
  out.resize(sets * set_size(p) * panel);
  for (std::size_t i = 0; i < sets; ++i) {
    const Set set = set_of(p, first + i);
    for (std::size_t q = 0; q < set.count; ++q) {
      std::uint32_t* to = out.data() + (i * set_size(p) + q) * panel;
      for (std::size_t s = 0; s < p.steps; s += kBlockSteps) {
        p.four_bit->read(set.panels[q], s * kTileRows,
                         std::min(kBlockSteps, p.steps - s) * kTileRows, to + s * kTileWords);
      }
    }
  }
}

/// Rows [row, row_end) of at most kBlockRows and a group of at most kGroup sets, all of k. Weights
/// in 4 bits are taken from `read` (read_group) or, where it is null, read on the way.
void run_group(const TileProduct& p, std::size_t row, std::size_t row_end, std::size_t first,
               std::size_t sets, const std::uint32_t* read) {
  thread_local Buffer<float> sums;
  thread_local Buffer<std::uint32_t> words;
  const std::size_t blocks = (row_end - row + kTileRows - 1) / kTileRows;
  const std::size_t size = set_size(p);
  sums.resize(kGroup * size * blocks * kTileWords);
  const bool reads = p.four_bit && !read;
  const std::size_t block_steps = reads && blocks <= 2 ? kShortSteps : kBlockSteps;
  if (reads) words.resize(size * block_steps * kTileWords);
  // With enough rows the next weights come from memory while these are used.
  const std::size_t calls = (blocks + 1) / 2;
  const std::size_t lines = (kTileRows + calls - 1) / calls;
  const bool fetches = !reads && lines <= kMostLines;
  for (std::size_t s = 0; s < p.steps; s += block_steps) {
    TileBlock t{};
    t.steps = std::min(block_steps, p.steps - s);
    t.a_stride = p.steps * kTileNumbers;
    t.resume = s > 0;
    const auto weights = [&](const Set& set, std::size_t i, std::size_t q) {
      const std::uint32_t* panel = read ? read + (i * size + q) * p.steps * kTileWords
                                        : p.w + set.panels[q] * p.steps * kTileWords;
      return panel + s * kTileWords;
    };
    for (std::size_t i = 0; i < sets; ++i) {
      const Set set = set_of(p, first + i);
      t.panels = static_cast<int>(set.count);
      t.row_stride = set.count * kTileWords;
      for (std::size_t q = 0; q < set.count; ++q) {
        if (reads) {
          std::uint32_t* to = words.data() + q * t.steps * kTileWords;
          p.four_bit->read(set.panels[q], s * kTileRows, t.steps * kTileRows, to);
          t.b[q] = to;
        } else {
          t.b[q] = weights(set, i, q);
        }
      }
      const Set next = fetches && i + 1 < sets ? set_of(p, first + i + 1) : Set{};
      for (std::size_t r = 0; r < blocks; r += 2) {
        t.a = p.x + ((row / kTileRows + r) * p.steps + s) * kTileNumbers;
        t.c = sums.data() + (size * i * blocks + r * set.count) * kTileWords;
        t.row_blocks = static_cast<int>(std::min<std::size_t>(2, blocks - r));
        t.next_line = r / 2 * lines;
        const bool fetch = next.count == 2 && t.next_line < kTileRows;
        for (std::size_t q = 0; q < 2; ++q) t.next_b[q] = fetch ? weights(next, i + 1, q) : nullptr;
        t.next_lines = fetch ? std::min(lines, kTileRows - t.next_line) : 0;
        p.table.tiles->multiply(t);
        if (s + t.steps < p.steps) continue;
        for (std::size_t q = 0; q < static_cast<std::size_t>(t.row_blocks); ++q) {
          const std::size_t y_row = row + (r + q) * kTileRows;
          store(p, set, t.c + q * t.row_stride, y_row,
                static_cast<int>(std::min(kTileRows, row_end - y_row)));
        }
      }
    }
  }
}

/// All of k for rows [row, row_end) and sets [first, last).
void run_rows(const TileProduct& p, std::size_t row, std::size_t row_end, std::size_t first,
              std::size_t last) {
  const std::size_t chunks = (row_end - row + kBlockRows - 1) / kBlockRows;
  const std::size_t chunk =
      ((row_end - row + chunks - 1) / chunks + 2 * kTileRows - 1) / (2 * kTileRows) * 2 * kTileRows;
  // All chunks of rows share what is read of 4-bit weights.
  thread_local Buffer<std::uint32_t> read;
  const bool shared = p.four_bit && chunks > 1;
  for (std::size_t i = first; i < last; i += kGroup) {
    const std::size_t sets = std::min(kGroup, last - i);
    if (shared) read_group(p, i, sets, read);
    for (std::size_t r = row; r < row_end; r += chunk) {
      run_group(p, r, std::min(row_end, r + chunk), i, sets, shared ? read.data() : nullptr);
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
  const std::size_t sets = sets_of(p);
  const std::size_t numbers = sets * set_size(p) * p.steps * kTileNumbers;
  const std::size_t work = p.m * numbers;
  const auto threads = static_cast<std::size_t>(num_threads());
  const std::size_t blocks = (p.m + 2 * kTileRows - 1) / (2 * kTileRows);
  if (!p.four_bit && numbers <= (std::size_t{1} << 19) && blocks >= 2 * threads) {
    // Rows are split: each thread reads all of the weights, which its cache holds.
    parallel_for(blocks, work < kSerialWork ? blocks : 1, [&](std::size_t begin, std::size_t end) {
      const TileSession session(*p.table.tiles);
      run_rows(p, begin * 2 * kTileRows, std::min(p.m, end * 2 * kTileRows), 0, sets);
    });
    return;
  }
  parallel_for(sets, work < kSerialWork ? sets : 1, [&](std::size_t begin, std::size_t end) {
    const TileSession session(*p.table.tiles, p.m);
    run_rows(p, 0, p.m, begin, end);
  });
}

}  // namespace firstlight::kernels
