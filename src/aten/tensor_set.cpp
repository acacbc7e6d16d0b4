#include "firstlight/aten/tensor_set.h"

#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/nn/safetensors.h"

namespace firstlight::aten {
namespace {

/// What the generations of folders call the same.
std::string without_generation(std::string name) {
  const std::pair<const char*, const char*> steps[] = {
      {"model.", ""},
      {"vision_tower.vision_model.", "vision_tower."},
      {"language_model.lm_head.", "lm_head."},
      {"language_model.model.", "language_model."}};
  for (const auto& [from, to] : steps) {
    if (name.rfind(from, 0) == 0) name = to + name.substr(std::string(from).size());
  }
  return name;
}

torch::ScalarType type_of(const nn::TensorView& view) {
  switch (view.dtype) {
    case nn::Dtype::kF32:
      return torch::kFloat;
    case nn::Dtype::kF16:
      return torch::kHalf;
    case nn::Dtype::kBf16:
      return torch::kBFloat16;
    default:
      throw Error::input(view.file,
                         "tensor '" + view.name + "' is " + to_string(view.dtype) +
                             ", and the ATen path takes F32, F16 and BF16",
                         "use the folder that it was brought to 4 bits from");
  }
}

}  // namespace

TensorSet::TensorSet(const std::string& folder, torch::Device device, torch::ScalarType type)
    : folder_(folder) {
  const nn::Weights weights = nn::Weights::open(folder);
  for (const std::string& name : weights.names()) {
    const nn::TensorView& view = *weights.find(name);
    // from_blob wants a pointer that may be written through; nothing does.
    const torch::Tensor file = torch::from_blob(const_cast<std::byte*>(view.data), view.shape,
                                                torch::TensorOptions(type_of(view)));
    tensors_[without_generation(name)] = file.to(device, type, false, true);
    weights.release(view);
  }
}

const torch::Tensor& TensorSet::at(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw Error::input(folder_, "has no tensor '" + name + "'");
  return found->second;
}

torch::Tensor TensorSet::linear(const torch::Tensor& x, const std::string& name) const {
  const std::string bias = name + ".bias";
  return at::linear(x, at(name + ".weight"), has(bias) ? at(bias) : torch::Tensor());
}

torch::Tensor TensorSet::layer_norm(const torch::Tensor& x, const std::string& name,
                                    double eps) const {
  const torch::Tensor& weight = at(name + ".weight");
  return at::layer_norm(x, weight.sizes(), weight, at(name + ".bias"), eps);
}

torch::Tensor TensorSet::rms_norm(const torch::Tensor& x, const std::string& name,
                                  double eps) const {
  const torch::Tensor wide = x.to(torch::kFloat);
  const torch::Tensor normed = wide * at::rsqrt(wide.square().mean(-1, true) + eps);
  return normed.to(x.scalar_type()) * at(name + ".weight");
}

}  // namespace firstlight::aten
