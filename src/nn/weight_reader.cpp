#include "weight_reader.h"

#include <optional>

#include "firstlight/base/error.h"

namespace firstlight::nn {
namespace {

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

}  // namespace

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
  // Shapes are checked before memory of their size is asked for.
  std::vector<const TensorView*> views;
  std::int64_t outputs = 0;
  for (const Part& part : parts) {
    views.push_back(&tensor(part.name + ".weight", {part.outputs, inputs}));
    outputs += part.outputs;
  }
  LinearLayer layer;
  layer.weight = kernels::PackedMatrix(kernels_, precision_, outputs, inputs);
  std::size_t first = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    set_rows(layer.weight, first, parts[i].outputs, *views[i]);
    first += parts[i].outputs;
    if (bias) {
      const std::vector<float> b = vector(parts[i].name + ".bias", parts[i].outputs);
      layer.bias.insert(layer.bias.end(), b.begin(), b.end());
    }
  }
  return layer;
}

kernels::PackedMatrix WeightReader::matrix(const TensorView& view, std::int64_t rows,
                                           std::int64_t columns) const {
  kernels::PackedMatrix matrix(kernels_, precision_, rows, columns);
  set_rows(matrix, 0, rows, view);
  return matrix;
}

}  // namespace firstlight::nn
