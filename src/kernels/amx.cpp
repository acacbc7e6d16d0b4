#include "avx512bf16.h"
#include "variant.h"

#define FIRSTLIGHT_TILES (&kTiles)

namespace firstlight::kernels {
namespace {

/// The compiler does not know that tile instructions read and write memory.
inline void settle_memory() { asm volatile("" ::: "memory"); }

void begin_tiles(int rows) {
  struct alignas(64) {
    std::uint8_t palette = 1;
    std::uint8_t reserved[15] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } config;
  for (int tile = 0; tile < 5; ++tile) config.rows[tile] = static_cast<std::uint8_t>(rows);
  settle_memory();
  _tile_loadconfig(&config);
}

/// Also lets the processor sleep and the system switch threads without saving 8 kB of tiles.
void end_tiles() { _tile_release(); }

/// Sums in registers 0 to 3, a in 4 and 5, b in 6 and 7. Every sum takes the steps in order with
/// the same instruction, so that a block's shape changes no bit.
template <int RowBlocks, int Panels>
void multiply_block(const TileBlock& t) {
  constexpr long kRow = 64;  // bytes
  float* c = t.c;
  constexpr int kTile = 256;  // sums of a tile
  if (t.resume) {
    _tile_loadd(0, c, kRow);
    if constexpr (Panels > 1) _tile_loadd(1, c + kTile, kRow);
    if constexpr (RowBlocks > 1) _tile_loadd(2, c + t.row_stride, kRow);
    if constexpr (RowBlocks * Panels > 2) _tile_loadd(3, c + t.row_stride + kTile, kRow);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  const std::uint16_t* a = t.a;
  const std::uint32_t* b0 = t.b[0];
  const std::uint32_t* b1 = t.b[1];
  const std::size_t lines = t.next_b[0] ? t.next_lines : 0;
  const std::uint32_t* next0 = t.next_b[0] + t.next_line * 16;
  const std::uint32_t* next1 = t.next_b[1] + t.next_line * 16;
  for (std::size_t s = 0; s < t.steps; ++s, a += 512) {
    // The hint keeps a, which is read once, from driving b out of the first-level cache.
    _tile_stream_loadd(4, a, kRow);
    _tile_loadd(6, b0 + s * 256, kRow);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (Panels > 1) {
      _tile_loadd(7, b1 + s * 256, kRow);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (RowBlocks > 1) {
      _tile_stream_loadd(5, a + t.a_stride, kRow);
      _tile_dpbf16ps(2, 5, 6);
    }
    if constexpr (RowBlocks * Panels > 2) _tile_dpbf16ps(3, 5, 7);
    for (std::size_t i = 0; i < lines; ++i) {
      _mm_prefetch(reinterpret_cast<const char*>(next0 + s * 256 + i * 16), _MM_HINT_T1);
      _mm_prefetch(reinterpret_cast<const char*>(next1 + s * 256 + i * 16), _MM_HINT_T1);
    }
  }
  _tile_stored(0, c, kRow);
  if constexpr (Panels > 1) _tile_stored(1, c + kTile, kRow);
  if constexpr (RowBlocks > 1) _tile_stored(2, c + t.row_stride, kRow);
  if constexpr (RowBlocks * Panels > 2) _tile_stored(3, c + t.row_stride + kTile, kRow);
}

/// One row block by three or four panels: a product waits for the one before it on the same sums,
/// so that two panels at a time would leave the unit idle.
template <int Panels>
void multiply_row(const TileBlock& t) {
  constexpr long kRow = 64;
  constexpr int kTile = 256;
  if (t.resume) {
    _tile_loadd(0, t.c, kRow);
    _tile_loadd(1, t.c + kTile, kRow);
    _tile_loadd(2, t.c + 2 * kTile, kRow);
    if constexpr (Panels > 3) _tile_loadd(3, t.c + 3 * kTile, kRow);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (std::size_t s = 0; s < t.steps; ++s) {
    _tile_loadd(4, t.a + s * 512, kRow);
    _tile_loadd(5, t.b[0] + s * 256, kRow);
    _tile_dpbf16ps(0, 4, 5);
    _tile_loadd(6, t.b[1] + s * 256, kRow);
    _tile_dpbf16ps(1, 4, 6);
    _tile_loadd(7, t.b[2] + s * 256, kRow);
    _tile_dpbf16ps(2, 4, 7);
    if constexpr (Panels > 3) {
      _tile_loadd(5, t.b[3] + s * 256, kRow);
      _tile_dpbf16ps(3, 4, 5);
    }
  }
  _tile_stored(0, t.c, kRow);
  _tile_stored(1, t.c + kTile, kRow);
  _tile_stored(2, t.c + 2 * kTile, kRow);
  if constexpr (Panels > 3) _tile_stored(3, t.c + 3 * kTile, kRow);
}

void multiply(const TileBlock& t) {
  settle_memory();
  if (t.row_blocks > 1) {
    t.panels > 1 ? multiply_block<2, 2>(t) : multiply_block<2, 1>(t);
  } else if (t.panels > 2) {
    t.panels > 3 ? multiply_row<4>(t) : multiply_row<3>(t);
  } else {
    t.panels > 1 ? multiply_block<1, 2>(t) : multiply_block<1, 1>(t);
  }
  settle_memory();
}

inline __mmask16 first(std::size_t n) {
  return static_cast<__mmask16>(n >= 16 ? 0xffffu : (1u << n) - 1u);
}

void pack_row(const float* x, std::size_t n, std::uint16_t* out) {
  for (std::size_t i = 0; i < n; i += 32, out += 512) {
    const std::size_t left = n - i;
    const __m512 low = _mm512_maskz_loadu_ps(first(left), x + i);
    const __m512 high =
        left > 16 ? _mm512_maskz_loadu_ps(first(left - 16), x + i + 16) : _mm512_setzero_ps();
    _mm512_storeu_si512(out, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
  }
}

void finish(const float* sums, const float* bias, float* y, std::size_t y_stride, int rows,
            int cols, bool add) {
  const __mmask16 mask = first(static_cast<std::size_t>(cols));
  const __m512 b = bias ? _mm512_maskz_loadu_ps(mask, bias) : _mm512_setzero_ps();
  for (int r = 0; r < rows; ++r, sums += 16, y += y_stride) {
    __m512 sum = _mm512_loadu_ps(sums);
    if (bias) sum = _mm512_add_ps(sum, b);
    if (add) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, y));
    _mm512_mask_storeu_ps(y, mask, sum);
  }
}

constexpr TileUnit kTiles = {.begin = begin_tiles,
                             .end = end_tiles,
                             .multiply = multiply,
                             .pack_row = pack_row,
                             .finish = finish};

}  // namespace

#include "variant.inc"

const VariantTable* amx_table() { return &kTable; }

}  // namespace firstlight::kernels
