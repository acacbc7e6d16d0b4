#include "encoder_layer.h"

#include <cmath>

namespace firstlight::nn {

EncoderPass::EncoderPass(const kernels::Kernels& kernels, kernels::Precision precision,
                         const EncoderShape& shape, std::size_t tokens)
    : kernels_(kernels),
      shape_(shape),
      tokens_(tokens),
      normed_(tokens * shape.hidden),
      mixed_(tokens * shape.hidden),
      qkv_(tokens * 3 * shape.hidden),
      inner_(tokens * shape.wide),
      key_values_(kernels, shape.heads, shape.hidden / shape.heads, tokens, precision),
      everything_(tokens, kernels::Visible{0, tokens, 0, 0, nullptr}) {}

void EncoderPass::apply(const EncoderLayer& layer, float* x) {
  const std::size_t n = tokens_;
  const std::size_t h = shape_.hidden;
  const float scale = 1.0f / std::sqrt(static_cast<float>(h / shape_.heads));
  kernels_.layer_norm(x, n, h, layer.norm1_weight.data(), layer.norm1_bias.data(), shape_.norm_eps,
                      normed_.data());
  layer.query_key_value.apply(normed_.data(), n, h, qkv_.data(), 3 * h);
  key_values_.clear();
  key_values_.append(qkv_.data() + h, qkv_.data() + 2 * h, 3 * h, n);
  kernels_.attention(qkv_.data(), 3 * h, n, shape_.heads, key_values_, scale, everything_.data(),
                     mixed_.data(), h);
  layer.out.apply(mixed_.data(), n, h, x, h, true);
  kernels_.layer_norm(x, n, h, layer.norm2_weight.data(), layer.norm2_bias.data(), shape_.norm_eps,
                      normed_.data());
  layer.fc1.apply(normed_.data(), n, h, inner_.data(), shape_.wide);
  kernels_.activate(shape_.activation, inner_.data(), n, shape_.wide, shape_.wide);
  layer.fc2.apply(inner_.data(), n, shape_.wide, x, h, true);
}

}  // namespace firstlight::nn
