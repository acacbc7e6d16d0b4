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
  // Parts that stand in 16 or 32 bits are packed as one.
  const bool any =
      quant_.has_value() || std::any_of(parts.begin(), parts.end(),
                                        [&](const Part& part) { return is_four_bit(part.name); });
  for (const Part& part : parts) {
    if (bias) {
      const std::vector<float> b = vector(part.name + ".bias", part.outputs);
      layer.bias_.insert(layer.bias_.end(), b.begin(), b.end());
    }
    if (any) layer.parts_.push_back(read_part(part, inputs));
  }
  if (any) return layer;
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

LinearLayer::Part WeightReader::read_part(const Part& part, std::int64_t inputs) const {
  LinearLayer::Part out;
  out.outputs = static_cast<std::size_t>(part.outputs);
  if (!quant_ && !is_four_bit(part.name)) {
    out.packed =
        matrix(tensor(part.name + ".weight", {part.outputs, inputs}), part.outputs, inputs);
    return out;
  }
  FourBitMatrix weights = read_four_bit(part.name, part.outputs, inputs);
  out.type = weights.type;
  if (precision_ == kernels::Precision::kBf16 && weights.block == kernels::kScaleBlock) {
    out.packed = kernels::PackedMatrix(kernels_, four_bit_table(weights.type), weights.rows,
                                       weights.columns);
    out.packed.set_codes(0, weights.rows, weights.codes.data(), weights.absmax.data());
  } else {
    out.four_bit = std::move(weights);
  }
  return out;
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
