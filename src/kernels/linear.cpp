#include <algorithm>

#include "firstlight/base/parallel.h"
#include "firstlight/kernels/kernels.h"
#include "linear_tiles.h"
#include "variant.h"

namespace firstlight::kernels {
namespace {

/// Steps of k that are taken at once: a panel's part (64 to 128 kB) then stays in the second-level
/// cache while all rows pass. Partial sums are stored and taken up again, which changes no bit.
constexpr std::size_t kBlock = 1024;
/// The same for 4-bit weights where a tile spans several panels: few rows, and what is dequantised
/// (32 kB) stays in the first-level cache.
constexpr std::size_t kShortBlock = 64;
/// Below this many multiplications a product is not worth handing to other threads.
constexpr std::size_t kSerialWork = 1 << 19;

struct Product {
  const VariantTable& table;
  bool bf16;
  const std::uint32_t* w;
  const FourBit* four_bit;  ///< or null
  std::size_t outputs;
  std::size_t steps;
  const float* bias;
  const std::uint32_t* x;
  std::size_t x_stride;  ///< in words
  float* y;
  std::size_t y_stride;
  bool add;
};

std::size_t block_of(const Product& p, std::size_t panels) {
  return p.four_bit && panels > 1 ? kShortBlock : kBlock;
}

/// All of k for rows [row, end) and panels [first, first + panels). `partial` holds
/// (end - row) x columns numbers where k takes several blocks.
void run_block(const Product& p, std::size_t row, std::size_t end, std::size_t first,
               std::size_t panels, float* partial) {
  const std::size_t panel = p.table.panel;
  const std::size_t width = panels * panel;
  const std::size_t column = first * panel;
  const int cols = static_cast<int>(std::min(width, p.outputs - column));
  const auto max_rows =
      panels == 1 ? static_cast<std::size_t>(p.table.max_rows) : static_cast<std::size_t>(3);
  thread_local Buffer<std::uint32_t> words;
  const std::size_t block = block_of(p, panels);
  if (p.four_bit) words.resize(panels * block * panel);
  for (std::size_t k = 0; k < p.steps; k += block) {
    const bool last = k + block >= p.steps;
    const std::size_t steps = std::min(block, p.steps - k);
    if (p.four_bit) {
      for (std::size_t i = 0; i < panels; ++i) {
        p.four_bit->read(first + i, k, steps, words.data() + i * block * panel);
      }
    }
    for (std::size_t r = row; r < end; r += max_rows) {
      Tile t{};
      t.a = p.x + r * p.x_stride + k;
      t.a_stride = p.x_stride;
      t.b = p.four_bit ? words.data() : p.w + (first * p.steps + k) * panel;
      t.b_step = panel;
      t.panel_stride = (p.four_bit ? block : p.steps) * panel;
      t.k = steps;
      t.init = k == 0 ? nullptr : partial + (r - row) * width;
      t.init_stride = width;
      t.rows = static_cast<int>(std::min(max_rows, end - r));
      if (last) {
        t.c = p.y + r * p.y_stride + column;
        t.c_stride = p.y_stride;
        t.bias = p.bias ? p.bias + column : nullptr;
        t.add = p.add;
        t.cols = cols;
      } else {
        t.c = partial + (r - row) * width;
        t.c_stride = width;
        t.cols = static_cast<int>(width);
      }
      (p.bf16 ? p.table.tile_bf16 : p.table.tile_f32)(t);
    }
  }
}

}  // namespace

void Kernels::linear(const PackedMatrix& w, const float* bias, const float* x, std::size_t m,
                     std::size_t x_stride, float* y, std::size_t y_stride, bool add) const {
  if (m == 0) return;
  const VariantTable& table = *table_;
  const FourBit codes{table,      w.data_.data(), w.scales_.data(), w.values_.data(),
                      w.columns_, w.panel_};
  const FourBit* four_bit = w.precision_ == Precision::k4Bit ? &codes : nullptr;
  if (uses_tiles(w)) {
    thread_local Buffer<std::uint16_t> tiles;
    pack_tiles(*table.tiles, x, m, w.columns_, x_stride, tiles);
    run({table, w.data_.data(), four_bit, w.rows_, w.steps_ / kTileRows, bias, tiles.data(), m, y,
         y_stride, add, std::nullopt});
    return;
  }
  const std::size_t panels = (w.rows_ + table.panel - 1) / table.panel;
  const std::size_t work = m * w.rows_ * w.columns_;
  const auto threads = static_cast<std::size_t>(num_threads());
  Product p{table,          w.precision_ != Precision::kF32,
            w.data_.data(), four_bit,
            w.rows_,        w.steps_,
            bias,           nullptr,
            x_stride,       y,
            y_stride,       add};

  thread_local Buffer<std::uint32_t> rounded;
  if (p.bf16) {
    rounded.resize(m * w.steps_);
    auto* out = reinterpret_cast<std::uint16_t*>(rounded.data());
    parallel_for(m, std::max<std::size_t>(1, kSerialWork / w.columns_),
                 [&](std::size_t begin, std::size_t end) {
                   for (std::size_t r = begin; r < end; ++r) {
                     table.to_bf16(x + r * x_stride, out + 2 * r * w.steps_, w.columns_);
                     if (w.columns_ % 2) out[2 * r * w.steps_ + w.columns_] = 0;
                   }
                 });
    p.x = rounded.data();
    p.x_stride = w.steps_;
  } else {
    p.x = reinterpret_cast<const std::uint32_t*>(x);
  }

  const auto tile_rows = static_cast<std::size_t>(table.max_rows);
  const bool small_weights = !four_bit && w.bytes() <= (std::size_t{1} << 20);
  if (small_weights && m >= 2 * tile_rows * threads) {
    // Rows are split: each thread reads all of the weights, which its cache holds.
    const std::size_t blocks = (m + tile_rows - 1) / tile_rows;
    const std::size_t grain = work < kSerialWork ? blocks : 1;
    parallel_for(blocks, grain, [&](std::size_t begin, std::size_t end) {
      thread_local Buffer<float> partial;
      const std::size_t row = begin * tile_rows;
      const std::size_t row_end = std::min(m, end * tile_rows);
      if (p.steps > kBlock) partial.resize((row_end - row) * table.panel);
      for (std::size_t i = 0; i < panels; ++i) run_block(p, row, row_end, i, 1, partial.data());
    });
    return;
  }
  const auto wide = static_cast<std::size_t>(m <= 3 ? widest(static_cast<int>(m)) : 1);
  parallel_for(panels, work < kSerialWork ? panels : wide, [&](std::size_t begin, std::size_t end) {
    thread_local Buffer<float> partial;
    if (p.steps > block_of(p, wide)) partial.resize(m * table.panel * wide);
    std::size_t i = begin;
    for (; i + wide <= end; i += wide) run_block(p, 0, m, i, wide, partial.data());
    for (; i < end; ++i) run_block(p, 0, m, i, 1, partial.data());
  });
}

bool Kernels::uses_tiles(const PackedMatrix& w) const {
  return table_->tiles != nullptr && w.precision_ != Precision::kF32;
}

void Kernels::gated_linear(const PackedMatrix& w, const float* bias, Activation activation,
                           const float* x, std::size_t m, std::size_t x_stride, float* y) const {
  if (m == 0) return;
  const std::size_t n = w.rows_ / 2;
  if (uses_tiles(w) && n % kTileRows == 0) {
    const FourBit codes{*table_,          w.data_.data(), w.scales_.data(),
                        w.values_.data(), w.columns_,     w.panel_};
    thread_local Buffer<std::uint16_t> tiles;
    pack_tiles(*table_->tiles, x, m, w.columns_, x_stride, tiles);
    run({*table_, w.data_.data(), w.precision_ == Precision::k4Bit ? &codes : nullptr, n,
         w.steps_ / kTileRows, bias, tiles.data(), m, y, n, false, activation});
    return;
  }
  thread_local Buffer<float> both;
  both.resize(m * 2 * n);
  linear(w, bias, x, m, x_stride, both.data(), 2 * n);
  gate(activation, both.data(), m, n, 2 * n, y);
}

}  // namespace firstlight::kernels
