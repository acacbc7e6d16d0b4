#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "firstlight/kernels/buffer.h"
#include "firstlight/kernels/isa.h"

/// CPU kernels over plain pointers and strides (strides count elements). Every result element is
/// summed in one fixed order that depends on the length of the sum alone: not on the number of
/// rows, not on threads. So a row's result is the same, bit for bit, in any batch.
namespace firstlight::kernels {

struct VariantTable;  // src/kernels/variant.h

/// How a packed matrix is stored and its product computed.
enum class Precision {
  kF32,
  kBf16,  ///< weights and the product's input rounded to bf16, sums in f32
  k4Bit,  ///< weights in 4 bits; the product is that of kBf16 with the weights they stand for
};

/// Numbers of a packed 4-bit matrix that share a scale, as in bitsandbytes' default.
constexpr std::size_t kScaleBlock = 64;

/// Number types of weights in files.
enum class Source { kF32, kF16, kBf16 };
std::size_t size_of(Source source);
/// One number read as f32 (exact).
float read_number(Source source, const void* data, std::size_t index);
std::uint16_t bf16_from_f32(float x);  ///< round to nearest even; NaN stays NaN
inline float f32_from_bf16(std::uint16_t x) {
  const std::uint32_t bits = static_cast<std::uint32_t>(x) << 16;
  return __builtin_bit_cast(float, bits);
}
float f32_from_f16(std::uint16_t x);

enum class Activation {
  kGelu,
  kGeluTanh,
  kQuickGelu,
  kSilu,
  kRelu,
  kRelu6,      ///< min(max(x, 0), 6)
  kHardSwish,  ///< x relu6(x + 3) / 6 (arXiv:1905.02244)
};

class Kernels;

/// A weight matrix [rows = outputs, columns = inputs] rearranged for one instruction set. Immutable
/// once all rows are set; then safe from any thread.
class PackedMatrix {
 public:
  PackedMatrix() = default;
  /// Zero until set_rows. `rows` and `columns` > 0.
  PackedMatrix(const Kernels& kernels, Precision precision, std::size_t rows, std::size_t columns);
  /// A matrix of 4-bit codes with a scale for each `block` of them; code c in a block with the
  /// scale s stands for bf16(values[c] * s). Where `columns` or `block` is no multiple of
  /// kScaleBlock these numbers are kept instead: precision() is then kBf16.
  PackedMatrix(const Kernels& kernels, const std::array<float, 16>& values, std::size_t rows,
               std::size_t columns, std::size_t block = kScaleBlock);

  /// Copies `count` rows of `source` numbers (row-major, `columns()` apart) to `first`, ....
  /// Not for a matrix of codes.
  void set_rows(std::size_t first, std::size_t count, Source source, const void* data);
  /// The same from codes, two in a byte with the first in its upper half, and a scale for each
  /// block, counted through all `count` rows (a block may span rows). Only for a matrix made with
  /// `values`.
  void set_codes(std::size_t first, std::size_t count, const std::uint8_t* codes,
                 const float* scales);

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  Precision precision() const { return precision_; }
  std::size_t bytes() const {
    return data_.size() * sizeof(std::uint32_t) + scales_.size() * sizeof(float);
  }

 private:
  friend class Kernels;
  /// Where the code of a number lies in data_.
  struct Place {
    std::size_t word;
    int shift;
  };
  Place place_of_code(std::size_t row, std::size_t column) const;
  void set_number(std::size_t row, std::size_t column, std::uint16_t bf16);

  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  std::size_t steps_ = 0;  ///< inputs (f32) or pairs of inputs (bf16), with padding
  std::size_t panel_ = 1;  ///< outputs side by side
  Precision precision_ = Precision::kF32;
  bool interleaved_ = false;  ///< the order of codes: src/kernels/variant.h
  std::array<float, 16> values_{};
  std::size_t block_ = kScaleBlock;
  /// [panel][step][output in panel], f32 or two bf16 in a word; or [panel][group of 8 inputs]
  /// [output in panel], eight codes in a word.
  Buffer<std::uint32_t> data_;
  Buffer<float> scales_;  ///< [panel][block of inputs][output in panel]
};

/// Keys and values of one attention layer, grown row by row. One thread at a time.
class KeyValues {
 public:
  KeyValues() = default;
  /// In f32, or rounded to bf16 for any other precision; attention then rounds queries and weights
  /// of the average to bf16 too, and sums in f32.
  KeyValues(const Kernels& kernels, std::size_t heads, std::size_t head_size, std::size_t capacity,
            Precision precision = Precision::kF32);

  /// Appends `count` rows; row i has its heads side by side at key + i * stride (and value).
  void append(const float* key, const float* value, std::size_t stride, std::size_t count);
  /// Takes over the first `count` rows of `other` (same shape and precision, fewer rows than the
  /// capacity).
  void assign(const KeyValues& other, std::size_t count);
  /// Leaves the first `count` <= size() rows.
  void shorten(std::size_t count);
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  void clear() { size_ = 0; }

 private:
  friend class Kernels;
  friend class Attention;
  std::size_t heads_ = 0;
  std::size_t head_size_ = 0;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  std::size_t panel_ = 1;
  bool bf16_ = false;
  std::size_t key_steps_ = 0;     ///< components, or pairs of them, with padding
  std::size_t value_steps_ = 0;   ///< capacity in keys, or in pairs of keys
  std::size_t value_panels_ = 0;  ///< of components
  /// Words of one f32 or two bf16, as a packed matrix has them: keys are the outputs of one
  /// product and the inputs of the other.
  Buffer<std::uint32_t> keys_;    ///< [head][panel of keys][step][key in panel]
  Buffer<std::uint32_t> values_;  ///< [head][panel of components][step][component in panel]
};

/// Which keys a query sees: [begin, end) and, for trees of answers, single keys from tree_first on
/// (tree[i] != 0 means key tree_first + i). Everything lies below the number of keys.
struct Visible {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t tree_first = 0;
  std::size_t tree_count = 0;
  const std::uint8_t* tree = nullptr;
};

/// The kernels of one instruction set; stateless and safe from any thread. Methods use
/// parallel_for.
class Kernels {
 public:
  /// Throws Error::usage where this machine or build lacks `isa`.
  static const Kernels& get(Isa isa);
  /// Kernels::get(active_isa()).
  static const Kernels& active();

  Isa isa() const { return isa_; }
  /// Whether bf16 products have instructions of their own, so that they are the faster choice.
  bool fast_bf16() const;

  /// y[m, :] = x[m, :] W^T + bias (may be null), or y += that where `add`. In bf16 and 4 bits x is
  /// rounded to bf16 first. Each sum runs over the inputs in ascending order (in pairs for bf16),
  /// one accumulator an output; bias is added last.
  void linear(const PackedMatrix& w, const float* bias, const float* x, std::size_t m,
              std::size_t x_stride, float* y, std::size_t y_stride, bool add = false) const;

  /// linear() and then gate(), with the same bits: W has gate and up projection one below the
  /// other, and y [m, rows / 2]. The product's own result is not stored where tiles are used.
  void gated_linear(const PackedMatrix& w, const float* bias, Activation activation, const float* x,
                    std::size_t m, std::size_t x_stride, float* y) const;

  /// Softmax attention: out[q, h] = sum_k softmax_k(scale * query[q, h] . key[k, g]) value[k, g]
  /// with g = h / (heads / key heads), over the keys that visible[q] names; zeros where it names
  /// none. `scale` > 0. Keys are taken in blocks of a fixed size, so that no row of scores is ever
  /// whole in memory.
  void attention(const float* query, std::size_t query_stride, std::size_t queries,
                 std::size_t heads, const KeyValues& kv, float scale, const Visible* visible,
                 float* out, std::size_t out_stride) const;

  /// (x - mean) / sqrt(var + eps) * weight + bias over the last `n`; var is the biased one.
  void layer_norm(const float* x, std::size_t m, std::size_t n, const float* weight,
                  const float* bias, float eps, float* y) const;
  /// x / sqrt(mean(x^2) + eps) * weight.
  void rms_norm(const float* x, std::size_t m, std::size_t n, const float* weight, float eps,
                float* y) const;
  /// In place on m rows of n.
  void activate(Activation activation, float* x, std::size_t m, std::size_t n,
                std::size_t stride) const;
  /// y[m, i] = act(x[m, i]) * x[m, n + i]: gate and up projection side by side.
  void gate(Activation activation, const float* x, std::size_t m, std::size_t n,
            std::size_t x_stride, float* y) const;
  /// Rotary embedding in place, "rotate half" form: heads side by side in a row, cos and sin
  /// [m, head_size / 2] for the row's position.
  void rotate(float* x, std::size_t m, std::size_t stride, std::size_t heads, std::size_t head_size,
              const float* cos, const float* sin) const;
  /// Depthwise sparse convolution: y[r, c] = bias[c] + sum over t of w[t, c] x[table[r, t], c] with
  /// the taps in order, over the entries of table [rows, taps] that are not negative.
  void depthwise(const float* x, const std::int32_t* table, std::size_t rows, std::size_t taps,
                 const float* w, const float* bias, std::size_t channels, float* y) const;
  /// log(sum(exp(x))) of a row; the sum in f32 with the maximum taken out.
  float log_sum_exp(const float* x, std::size_t n) const;

 private:
  friend class PackedMatrix;
  friend class KeyValues;
  Kernels(Isa isa, const VariantTable* table) : isa_(isa), table_(table) {}
  bool uses_tiles(const PackedMatrix& w) const;
  Isa isa_;
  const VariantTable* table_;
};

}  // namespace firstlight::kernels
