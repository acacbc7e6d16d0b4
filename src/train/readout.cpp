#include "readout.h"

#include <torch/autograd.h>

#include <cmath>
#include <utility>

namespace firstlight::train {

using torch::Tensor;

Readout::Readout(std::string name, std::int64_t concepts, std::int64_t hidden_size,
                 std::uint64_t seed)
    : name_(std::move(name)) {
  torch::Generator generator = at::detail::createCPUGenerator(seed);
  weights_ = torch::empty({concepts, hidden_size});
  weights_.normal_(0, 0.1 / std::sqrt(static_cast<double>(hidden_size)), generator);
  weights_.set_requires_grad(true);
  gradients_ = torch::zeros_like(weights_);
  weights_.mutable_grad() = gradients_;
}

Tensor Readout::operator()(const Tensor& states) const {
  return at::linear(at::layer_norm(states, {states.size(1)}), weights_);
}

void Readout::start(const AdamW::Options& options) {
  optimizer_.emplace(weights_.numel(), options);
}

void Readout::step(double rate) {
  Tensor values = weights_.detach().view({-1});
  Tensor gradients = gradients_.view({-1});
  optimizer_->step(values, gradients, {{0, values.numel(), 1.0, false}}, rate);
}

void Readout::save(Checkpoint& checkpoint) const {
  checkpoint.tensors.emplace(name_, weights_.detach());
  if (!optimizer_) return;
  checkpoint.tensors.emplace(name_ + "_m", optimizer_->first_moment());
  checkpoint.tensors.emplace(name_ + "_v", optimizer_->second_moment());
  checkpoint.numbers[name_ + "_updates"] = optimizer_->count();
}

void Readout::restore(const Checkpoint& checkpoint, bool optimizer) {
  const torch::NoGradGuard no_grad;
  const auto found = checkpoint.tensors.find(name_);
  if (found == checkpoint.tensors.end() || found->second.sizes() != weights_.sizes()) return;
  weights_.copy_(found->second);
  if (!optimizer || checkpoint.tensors.count(name_ + "_m") == 0) return;
  optimizer_->first_moment().copy_(checkpoint.tensors.at(name_ + "_m"));
  optimizer_->second_moment().copy_(checkpoint.tensors.at(name_ + "_v"));
  optimizer_->count() = checkpoint.numbers.at(name_ + "_updates");
}

}  // namespace firstlight::train
