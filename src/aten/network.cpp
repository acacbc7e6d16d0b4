#include "firstlight/aten/network.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/autograd.h>

#include <cmath>

#include "firstlight/base/error.h"

namespace firstlight::aten {

using Kind = nn::NamedTensor::Kind;
using torch::Tensor;

FlatTensors::FlatTensors(const std::vector<nn::NamedTensor>& tensors, std::uint64_t seed) {
  const std::int64_t learnt = nn::parameters_of(tensors);
  std::int64_t total = 0;
  for (const nn::NamedTensor& tensor : tensors) total += tensor.numel();
  auto generator = at::detail::createCPUGenerator(seed);
  flat_ = torch::empty({learnt}, torch::kFloat);
  gradients_ = torch::zeros_like(flat_);
  statistics_ = torch::empty({total - learnt}, torch::kFloat);
  std::int64_t at = 0;
  std::int64_t at_statistics = 0;
  for (const nn::NamedTensor& tensor : tensors) {
    const std::int64_t n = tensor.numel();
    if (!tensor.learnt()) {
      Tensor view = statistics_.narrow(0, at_statistics, n);
      view.fill_(tensor.kind == Kind::kRunningVar ? 1 : 0);
      views_.emplace(tensor.name, view);
      at_statistics += n;
      continue;
    }
    Tensor leaf = flat_.narrow(0, at, n).view(tensor.shape);
    if (tensor.kind == Kind::kMatrix) {
      leaf.normal_(0, std::sqrt(2.0 / static_cast<double>(n / tensor.shape[0])), generator);
      decayed_.emplace_back(at, at + n);
    } else if (tensor.kind == Kind::kEmbedding) {
      leaf.normal_(0, 0.02, generator);
    } else {
      leaf.fill_(tensor.kind == Kind::kNormWeight ? 1 : 0);
    }
    leaf = leaf.detach();
    leaf.set_requires_grad(true);
    leaf.mutable_grad() = gradients_.narrow(0, at, n).view(tensor.shape);
    views_.emplace(tensor.name, leaf);
    at += n;
  }
}

std::map<std::string, Tensor> FlatTensors::exported() const {
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, view] : views_) tensors.emplace(name, view.detach().clone());
  return tensors;
}

void FlatTensors::import(const std::map<std::string, Tensor>& tensors, const std::string& but) {
  const torch::NoGradGuard no_grad;
  for (auto& [name, view] : views_) {
    if (!but.empty() && name.rfind(but, 0) == 0) continue;
    const auto found = tensors.find(name);
    if (found == tensors.end()) throw Error::input(name, "is missing");
    if (found->second.sizes() != view.sizes()) {
      throw Error::input(name, "has another shape than in the network");
    }
    view.copy_(found->second);
  }
}

}  // namespace firstlight::aten
