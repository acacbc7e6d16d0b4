#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "firstlight/kernels/kernels.h"
#include "firstlight/nn/quantization.h"
#include "firstlight/nn/safetensors.h"
#include "four_bit.h"

namespace firstlight::nn {

/// A linear layer y = x W^T + b. Its weights are packed for the kernels. Those in 4 bits are packed
/// as codes where products are in bf16; in f32, and for blocks of another size than the kernels',
/// some rows at a time are turned into packed numbers. Immutable; safe from any thread.
class LinearLayer {
 public:
  LinearLayer() = default;

  /// y[m, :] for m rows, or y += that where `add`; strides in numbers. A row gets the same bits in
  /// any batch, and the same as from unquantised weights of the same values.
  void apply(const float* x, std::size_t m, std::size_t x_stride, float* y, std::size_t y_stride,
             bool add = false) const;
  /// For gate and up projection side by side: y[m, i] = act(g[m, i]) * u[m, i], each as wide as
  /// half the outputs and packed one row after the other.
  void apply_gated(kernels::Activation activation, const float* x, std::size_t m,
                   std::size_t x_stride, float* y) const;
  /// That of the first part; nothing where it is not in 4 bits.
  std::optional<FourBitType> four_bit_type() const {
    return parts_.empty() ? std::nullopt : parts_.front().type;
  }

 private:
  friend class WeightReader;
  /// Outputs side by side.
  struct Part {
    std::size_t outputs = 0;
    std::optional<FourBitType> type;        ///< of weights in 4 bits
    kernels::PackedMatrix packed;           ///< numbers, or codes for products in bf16
    std::optional<FourBitMatrix> four_bit;  ///< in place of `packed`
  };
  const kernels::Kernels* kernels_ = nullptr;
  kernels::Precision precision_ = kernels::Precision::kF32;
  std::vector<Part> parts_;
  std::vector<float> bias_;  ///< empty where it has none

  void apply_four_bit(const FourBitMatrix& weights, const float* bias, const float* x,
                      std::size_t m, std::size_t x_stride, float* y, std::size_t y_stride,
                      bool add) const;
};

/// How the kernels call a number type; nothing for those that they do not read.
std::optional<kernels::Source> source_of(Dtype dtype);

/// Takes weights under a prefix from a folder, checks their shapes, packs matrices for the kernels
/// and lets go of the file's pages. Errors name file and tensor.
class WeightReader {
 public:
  /// `quant`: linear layers are brought to 4 bits where the file has them in another form.
  WeightReader(const Weights& weights, const kernels::Kernels& kernels,
               kernels::Precision precision, const std::optional<QuantizeOptions>& quant,
               std::string prefix = {})
      : weights_(weights),
        kernels_(kernels),
        precision_(precision),
        quant_(quant),
        prefix_(std::move(prefix)) {}

  WeightReader under(const std::string& prefix) const {
    return WeightReader(weights_, kernels_, precision_, quant_, prefix_ + prefix);
  }

  /// The tensor, which must have exactly this shape.
  const TensorView& tensor(const std::string& name, const std::vector<std::int64_t>& shape) const;
  /// The same, which must hold F32, F16 or BF16 so that it can stay in the file.
  const TensorView& floating_tensor(const std::string& name,
                                    const std::vector<std::int64_t>& shape) const;
  std::vector<float> vector(const std::string& name, std::int64_t size) const;
  /// `name`.weight of [outputs, inputs], and `name`.bias where `bias`. Weights that the file holds
  /// in bitsandbytes' 4-bit form stay in it.
  LinearLayer linear(const std::string& name, std::int64_t outputs, std::int64_t inputs,
                     bool bias) const;
  /// Several layers of the same input side by side as one.
  struct Part {
    std::string name;
    std::int64_t outputs;
  };
  LinearLayer joined(const std::vector<Part>& parts, std::int64_t inputs, bool bias) const;
  /// A matrix from a tensor whose trailing dimensions are its columns.
  kernels::PackedMatrix matrix(const TensorView& tensor, std::int64_t rows,
                               std::int64_t columns) const;

  const kernels::Kernels& kernels() const { return kernels_; }
  kernels::Precision precision() const { return precision_; }

 private:
  /// Codes of one type, one matrix's rows after the other's, for products in bf16.
  LinearLayer::Part pack_codes(std::span<const FourBitMatrix> matrices) const;
  LinearLayer::Part part_of(FourBitMatrix weights) const;
  bool is_four_bit(const std::string& name) const;
  /// A weight in 4 bits: as the file has it, or computed.
  FourBitMatrix read_four_bit(const std::string& name, std::int64_t rows,
                              std::int64_t columns) const;
  void set_rows(kernels::PackedMatrix& matrix, std::size_t first, std::size_t count,
                const TensorView& tensor) const;

  const Weights& weights_;
  const kernels::Kernels& kernels_;
  kernels::Precision precision_;
  std::optional<QuantizeOptions> quant_;
  std::string prefix_;
};

}  // namespace firstlight::nn
