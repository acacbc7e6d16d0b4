#include "weight_reader.h"

#include <algorithm>

#include "bitsandbytes.h"
#include "firstlight/base/error.h"

namespace firstlight::nn {

std::optional<kernels::Source> source_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF32:
      return kernels::Source::kF32;
    case Dtype::kF16:
      return kernels::Source::kF16;
    case Dtype::kBf16:
      return kernels::Source::kBf16;
    default:
      return std::nullopt;
  }
}

const TensorView& WeightReader::tensor(const std::string& name,
                                       const std::vector<std::int64_t>& shape) const {
  const TensorView* view = weights_.find(prefix_ + name);
  if (view == nullptr) {
    throw Error::input(weights_.folder(), "has no tensor '" + prefix_ + name + "'",
                       "config.json asks for it: weights and configuration do not belong together");
  }
  if (view->shape != shape) {
    TensorView expected;
    expected.shape = shape;
    throw Error::input(view->file, "tensor '" + view->name + "' has the shape " +
                                       view->shape_text() + ", config.json asks for " +
                                       expected.shape_text());
  }
  return *view;
}

const TensorView& WeightReader::floating_tensor(const std::string& name,
                                                const std::vector<std::int64_t>& shape) const {
  const TensorView& view = tensor(name, shape);
  if (!source_of(view.dtype)) {
    throw Error::input(view.file, "tensor '" + view.name + "' is " + to_string(view.dtype) +
                                      "; F32, F16 and BF16 are supported");
  }
  return view;
}

std::vector<float> WeightReader::vector(const std::string& name, std::int64_t size) const {
  return tensor(name, {size}).to_f32();
}

void WeightReader::set_rows(kernels::PackedMatrix& matrix, std::size_t first, std::size_t count,
                            const TensorView& view) const {
  if (const auto source = source_of(view.dtype)) {
    matrix.set_rows(first, count, *source, view.data);
  } else {
    const std::vector<float> numbers = view.to_f32();
    matrix.set_rows(first, count, kernels::Source::kF32, numbers.data());
  }
  weights_.release(view);
}

LinearLayer WeightReader::linear(const std::string& name, std::int64_t outputs, std::int64_t inputs,
                                 bool bias) const {
  return joined({{name, outputs}}, inputs, bias);
}

LinearLayer WeightReader::joined(const std::vector<Part>& parts, std::int64_t inputs,
                                 bool bias) const {
  LinearLayer layer;
  layer.kernels_ = &kernels_;
  layer.precision_ = precision_;
  for (const Part& part : parts) {
    if (!bias) break;
    const std::vector<float> b = vector(part.name + ".bias", part.outputs);
    layer.bias_.insert(layer.bias_.end(), b.begin(), b.end());
  }
  // Parts of one kind are packed as one: their input is then packed once, and a gated product is
  // one pass over it.
  const auto in_four_bits = [&](const Part& part) {
    return quant_.has_value() || is_four_bit(part.name);
  };
  if (std::all_of(parts.begin(), parts.end(), in_four_bits)) {
    std::vector<FourBitMatrix> matrices;
    for (const Part& part : parts) {
      matrices.push_back(read_four_bit(part.name, part.outputs, inputs));
    }
    const auto alike = [&](const FourBitMatrix& matrix) {
      return matrix.type == matrices.front().type && precision_ == kernels::Precision::kBf16 &&
             matrix.block == kernels::kScaleBlock;
    };
    if (std::all_of(matrices.begin(), matrices.end(), alike)) {
      layer.parts_.push_back(pack_codes(matrices));
    } else {
      for (FourBitMatrix& matrix : matrices) layer.parts_.push_back(part_of(std::move(matrix)));
    }
    return layer;
  }
  if (std::any_of(parts.begin(), parts.end(), in_four_bits)) {
    for (const Part& part : parts) {
      if (in_four_bits(part)) {
        layer.parts_.push_back(part_of(read_four_bit(part.name, part.outputs, inputs)));
        continue;
      }
      const TensorView& view = tensor(part.name + ".weight", {part.outputs, inputs});
      layer.parts_.push_back(
          {static_cast<std::size_t>(part.outputs), {}, matrix(view, part.outputs, inputs), {}});
    }
    return layer;
  }
  // Shapes are checked before memory of their size is asked for.
  std::vector<const TensorView*> views;
  std::int64_t outputs = 0;
  for (const Part& part : parts) {
    views.push_back(&tensor(part.name + ".weight", {part.outputs, inputs}));
    outputs += part.outputs;
  }
  kernels::PackedMatrix packed(kernels_, precision_, outputs, inputs);
  std::size_t first = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    set_rows(packed, first, parts[i].outputs, *views[i]);
    first += parts[i].outputs;
  }
  layer.parts_.push_back({first, {}, std::move(packed), {}});
  return layer;
}

LinearLayer::Part WeightReader::pack_codes(std::span<const FourBitMatrix> matrices) const {
  LinearLayer::Part part;
  for (const FourBitMatrix& matrix : matrices) part.outputs += matrix.rows;
  part.type = matrices.front().type;
  part.packed = kernels::PackedMatrix(kernels_, four_bit_table(*part.type), part.outputs,
                                      matrices.front().columns);
  std::size_t first = 0;
  for (const FourBitMatrix& matrix : matrices) {
    part.packed.set_codes(first, matrix.rows, matrix.codes.data(), matrix.absmax.data());
    first += matrix.rows;
  }
  return part;
}

LinearLayer::Part WeightReader::part_of(FourBitMatrix weights) const {
  if (precision_ == kernels::Precision::kBf16 && weights.block == kernels::kScaleBlock) {
    return pack_codes({&weights, 1});
  }
  LinearLayer::Part part;
  part.outputs = weights.rows;
  part.type = weights.type;
  part.four_bit = std::move(weights);
  return part;
}

bool WeightReader::is_four_bit(const std::string& name) const {
  return weights_.find(prefix_ + name + ".weight.absmax") != nullptr;
}

FourBitMatrix WeightReader::read_four_bit(const std::string& name, std::int64_t rows,
                                          std::int64_t columns) const {
  const std::string whole = prefix_ + name + ".weight";
  if (is_four_bit(name)) return read_bitsandbytes(weights_, whole, rows, columns);
  const QuantizeOptions options = quant_.value_or(QuantizeOptions{});
  const TensorView& view = floating_tensor(name + ".weight", {rows, columns});
  FourBitMatrix matrix = FourBitMatrix::quantize(options.type, static_cast<std::size_t>(rows),
                                                 static_cast<std::size_t>(columns), options.block,
                                                 *source_of(view.dtype), view.data);
  if (options.double_quant) {
    matrix.absmax = unnest_absmax(nest_absmax(matrix.absmax), dynamic_table().data());
  }
  weights_.release(view);
  return matrix;
}

kernels::PackedMatrix WeightReader::matrix(const TensorView& view, std::int64_t rows,
                                           std::int64_t columns) const {
  kernels::PackedMatrix matrix(kernels_, precision_, rows, columns);
  set_rows(matrix, 0, rows, view);
  return matrix;
}

void LinearLayer::apply(const float* x, std::size_t m, std::size_t x_stride, float* y,
                        std::size_t y_stride, bool add) const {
  const float* bias = bias_.empty() ? nullptr : bias_.data();
  for (const Part& part : parts_) {
    if (part.four_bit) {
      apply_four_bit(*part.four_bit, bias, x, m, x_stride, y, y_stride, add);
    } else {
      kernels_->linear(part.packed, bias, x, m, x_stride, y, y_stride, add);
    }
    y += part.outputs;
    if (bias) bias += part.outputs;
  }
}

void LinearLayer::apply_gated(kernels::Activation activation, const float* x, std::size_t m,
                              std::size_t x_stride, float* y) const {
  if (parts_.size() == 1 && !parts_.front().four_bit) {
    kernels_->gated_linear(parts_.front().packed, bias_.empty() ? nullptr : bias_.data(),
                           activation, x, m, x_stride, y);
    return;
  }
  std::size_t outputs = 0;
  for (const Part& part : parts_) outputs += part.outputs;
  thread_local kernels::Buffer<float> inner;
  inner.resize(m * outputs);
  apply(x, m, x_stride, inner.data(), outputs);
  kernels_->gate(activation, inner.data(), m, outputs / 2, outputs, y);
}

void LinearLayer::apply_four_bit(const FourBitMatrix& part, const float* bias, const float* x,
                                 std::size_t m, std::size_t x_stride, float* y,
                                 std::size_t y_stride, bool add) const {
  // A block of rows fits the second-level cache with room for what is multiplied by it.
  constexpr std::size_t kNumbers = std::size_t{1} << 19;
  constexpr std::size_t kRows = 64;
  const std::size_t step =
      std::min(part.rows, std::max(kRows, kNumbers / part.columns / kRows * kRows));
  thread_local kernels::Buffer<float> numbers;
  numbers.resize(step * part.columns);
  kernels::PackedMatrix packed;
  for (std::size_t first = 0; first < part.rows; first += step) {
    const std::size_t count = std::min(step, part.rows - first);
    if (packed.rows() != count) {
      packed = kernels::PackedMatrix(*kernels_, precision_, count, part.columns);
    }
    part.dequantize(first, count, numbers.data());
    packed.set_rows(0, count, kernels::Source::kF32, numbers.data());
    kernels_->linear(packed, bias ? bias + first : nullptr, x, m, x_stride, y + first, y_stride,
                     add);
  }
}

}  // namespace firstlight::nn
