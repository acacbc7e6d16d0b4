#pragma once

#include <cstddef>
#include <cstdint>

/// What one instruction set contributes. The files that implement it are compiled with flags of
/// their own and must not instantiate anything of the standard library: the linker could otherwise
/// take such a copy for code that runs on every machine.
namespace firstlight::kernels {

/// One block of a matrix product: c[rows, cols] = init + a b (+ bias), all of k in order.
struct Tile {
  const void* a;             ///< f32, or pairs of bf16 in a word
  std::size_t a_stride;      ///< between rows, in words
  const void* b;             ///< words [k][panel]
  std::size_t b_step;        ///< between successive k
  std::size_t panel_stride;  ///< between neighbouring panels
  std::size_t k;
  const float* init;  ///< null for zero
  std::size_t init_stride;
  float* c;
  std::size_t c_stride;
  const float* bias;  ///< of the first column, or null
  int rows;           ///< 1 to max_rows
  int cols;           ///< 1 to panel, or up to widest(rows) panels
  bool add;           ///< c += instead of c =
};

/// Up to 2 x 2 or 1 x 4 tiles of 16 x 16 sums, in four registers: c = (c where `resume`, else 0) +
/// a b over `steps` of 32 inputs. A tile of a is [16 rows][32 inputs] and one of b [16 pairs of
/// inputs][16 outputs] in bf16, 1 kB each and the steps side by side; c is [row
/// block][panel][16][16], the row blocks row_stride apart.
struct TileBlock {
  const std::uint16_t* a;
  std::size_t a_stride;       ///< between blocks of 16 rows, in numbers
  const std::uint32_t* b[4];  ///< of each panel of 16 outputs
  std::size_t steps;
  /// Where the b of the first two panels of a later block lies, or null: of each of its tiles the
  /// lines from next_line on, next_lines of the 16, are fetched meanwhile.
  const std::uint32_t* next_b[2];
  std::size_t next_line;
  std::size_t next_lines;
  float* c;
  std::size_t row_stride;  ///< in numbers
  int row_blocks;          ///< 1 or 2
  int panels;              ///< 1 or 2, to 4 with one row block
  bool resume;
};

/// Products by tile registers. A thread calls `begin` before its first block and `end` after the
/// last: between them the registers are configured. With less than 16 `rows` all blocks are of one
/// row block and only its first rows are multiplied, in as much less time.
struct TileUnit {
  void (*begin)(int rows);
  void (*end)();
  void (*multiply)(const TileBlock&);
  /// One row of n numbers into its place in tiles of a: 32 at a time, 512 apart; zeros up to a
  /// whole tile.
  void (*pack_row)(const float* x, std::size_t n, std::uint16_t* out);
  /// y = sums + bias (may be null), or y += that; 16 sums a row, 16 rows apart.
  void (*finish)(const float* sums, const float* bias, float* y, std::size_t y_stride, int rows,
                 int cols, bool add);
};

/// Weights in 4 bits of one panel, to be written as words of two bf16 [pair of inputs][output].
/// A word of codes holds eight: those of a group of 8 inputs. Its lane i holds at bits 8 j + 4 h
/// the code of input 2 j + h of output i; or, where the variant is `interleaved`, of input
/// 2 j + i % 2 of output (h W + i) / 2, W being the width: two converted vectors side by side are
/// then a vector of words. A panel of two vectors has two such parts.
struct Codes {
  const std::uint32_t* codes;  ///< [group of 8 inputs][output in panel]
  const float* scales;         ///< [block of 64 inputs][output in panel]
  const float* values;         ///< 16
  std::size_t blocks;
  std::size_t panel;
  std::uint32_t* out;
};

/// One row of a block of scores in softmax attention, whose maximum and total run over the blocks.
struct ScoreRow {
  const float* scores;  ///< masked ones are -inf; vectors lie `stride` apart
  std::size_t stride;
  std::size_t vectors;        ///< even
  float scale;                ///< > 0
  float* top;                 ///< largest score so far, -inf before the first
  float* total;               ///< [width] sums of the weights so far, in lanes
  void* weights;              ///< exp(scale (score - top)), as f32 or bf16
  std::size_t weight_stride;  ///< numbers between two pairs of vectors
};

/// One row of a depthwise sparse convolution: y = bias + sum over taps of w[t] x[from[t]].
struct SiteSum {
  const float* x;
  const std::int32_t* from;  ///< [taps], negative where there is no site
  std::size_t taps;
  const float* w;     ///< [taps][channels]
  const float* bias;  ///< [channels]
  std::size_t channels;
  float* y;
};

constexpr std::size_t kTileRows = 16;    ///< rows, and outputs, of a tile
constexpr std::size_t kTileInputs = 32;  ///< inputs of a step

struct VariantTable {
  std::size_t width;  ///< f32 in a vector
  std::size_t panel;  ///< columns of a panel: two vectors
  int max_rows;
  bool fast_bf16;
  bool interleaved;  ///< order of 4-bit codes
  void (*tile_f32)(const Tile&);
  void (*tile_bf16)(const Tile&);
  void (*to_bf16)(const float* x, std::uint16_t* y, std::size_t n);
  void (*dequantise)(const Codes&);
  /// Returns the factor by which sums over earlier blocks shrink, since `top` grew.
  float (*weigh_f32)(const ScoreRow&);
  float (*weigh_bf16)(const ScoreRow&);
  void (*scale)(float* x, std::size_t n, float factor);  ///< n a multiple of width
  float (*sum)(const float* lanes);                      ///< of one vector
  float (*log_sum_exp)(const float* x, std::size_t n);
  void (*layer_norm)(const float* x, std::size_t n, const float* weight, const float* bias,
                     float eps, float* y);
  void (*rms_norm)(const float* x, std::size_t n, const float* weight, float eps, float* y);
  void (*activate)(int activation, const float* x, const float* factor, float* y, std::size_t n);
  void (*rotate)(float* x, std::size_t half, const float* cos, const float* sin);
  void (*depthwise)(const SiteSum&);
  const TileUnit* tiles;  ///< null where there are none; then bf16 products run by tile_bf16
};

/// How many panels a tile of that many rows may span: few rows have too few sums in flight
/// otherwise.
inline int widest(int rows) { return rows == 1 ? 4 : rows <= 3 ? 2 : 1; }

const VariantTable* portable_table();
#ifdef FIRSTLIGHT_X86
const VariantTable* avx2_table();
const VariantTable* avx512_table();
const VariantTable* avx512bf16_table();
const VariantTable* amx_table();
#endif

}  // namespace firstlight::kernels
