#include "layers.h"

#include <torch/version.h>

#include <cmath>
#include <limits>

namespace firstlight::aten {

using torch::Tensor;

Tensor activate(nn::Activation activation, const Tensor& x) {
  switch (activation) {
    case nn::Activation::kGelu:
      return at::gelu(x);
    case nn::Activation::kGeluTanh:
      return at::gelu(x, "tanh");
    case nn::Activation::kQuickGelu:
      return x * at::sigmoid(1.702 * x);
    case nn::Activation::kSilu:
      return at::silu(x);
    case nn::Activation::kRelu:
      return at::relu(x);
    case nn::Activation::kRelu6:
      return at::clamp(x, 0, 6);
    case nn::Activation::kHardSwish:
      return at::hardswish(x);
  }
  return x;
}

Tensor additive_mask(const Tensor& seen, const Tensor& q) {
  return torch::zeros(seen.sizes(), q.options())
      .masked_fill(seen.logical_not().to(q.device()), -std::numeric_limits<double>::infinity());
}

Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask) {
  const std::int64_t heads = q.size(1);
  const std::int64_t share = heads / k.size(1);
  const auto heads_first = [&](const Tensor& x, std::int64_t repeats) {
    return (repeats == 1 ? x : x.repeat_interleave(repeats, 1)).transpose(0, 1).unsqueeze(0);
  };
  const Tensor queries = heads_first(q, 1);
  const Tensor keys = heads_first(k, share);
  const Tensor values = heads_first(v, share);
#if TORCH_VERSION_MAJOR >= 2
  const Tensor mixed = at::scaled_dot_product_attention(
      queries, keys, values, mask.defined() ? c10::optional<Tensor>(mask) : c10::nullopt);
#else
  Tensor scores =
      at::matmul(queries, keys.transpose(-2, -1)) / std::sqrt(static_cast<double>(q.size(2)));
  if (mask.defined()) scores = scores + mask;
  const Tensor mixed = at::matmul(at::softmax(scores, -1), values);
#endif
  return mixed.squeeze(0).transpose(0, 1).reshape({q.size(0), -1});
}

Tensor embed_patches(const TensorSet& weights, const std::string& name, const Tensor& pixels,
                     std::int64_t patch_size) {
  const Tensor& weight = weights.at(name);
  return at::conv2d(pixels.to(weight.options()), weight, Tensor(), patch_size)
      .flatten(2)
      .transpose(1, 2);
}

}  // namespace firstlight::aten
