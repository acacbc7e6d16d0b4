#pragma once

#include <torch/types.h>

#include <map>
#include <string>

namespace firstlight::aten {

/// The weights of a Hugging Face folder as tensors of one device and number type, by the names of
/// the folder without what differs between its generations: "vision_tower.", "vision_model.",
/// "multi_modal_projector.", "image_newline", "language_model.", "lm_head.".
class TensorSet {
 public:
  /// Throws Error::input where the folder has no weights, and for weights in 4 bits.
  TensorSet(const std::string& folder, torch::Device device, torch::ScalarType type);

  std::map<std::string, torch::Tensor>& tensors() { return tensors_; }
  bool has(const std::string& name) const { return tensors_.count(name) > 0; }
  /// Throws Error::input where it is missing.
  const torch::Tensor& at(const std::string& name) const;

  /// x W^T with `name`.weight, plus `name`.bias where there is one.
  torch::Tensor linear(const torch::Tensor& x, const std::string& name) const;
  torch::Tensor layer_norm(const torch::Tensor& x, const std::string& name, double eps) const;
  /// Over the last axis, in f32; `name`.weight is applied in the number type of x.
  torch::Tensor rms_norm(const torch::Tensor& x, const std::string& name, double eps) const;

 private:
  std::string folder_;
  std::map<std::string, torch::Tensor> tensors_;
};

}  // namespace firstlight::aten
