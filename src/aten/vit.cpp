#include "firstlight/aten/vit.h"

#include <torch/autograd.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "firstlight/aten/functions.h"
#include "firstlight/aten/site_ops.h"

namespace firstlight::aten {
namespace {

using torch::Tensor;

/// Tokens of all views one after the other, and where they lie when every view is padded to the
/// longest.
struct Tokens {
  Tensor values;     ///< f32 [patches, numbers]
  Tensor positions;  ///< i64 [rows]; row 0 of the table for class tokens
  Tensor source;     ///< i64 [rows]: which patch, counted after the one row of the class token
  Tensor padded;     ///< i32 [views * longest, 1]: row, -1 for padding
  Tensor unpadded;   ///< i32 [rows, 1]: the reverse
  Tensor mask;       ///< f32 [views, 1, longest]: 0, or -inf for padding
  Tensor classes;    ///< i64 [views]: rows of the class tokens
  Tensor share;      ///< f32 [samples, views]: means over the views of a sample
};

Tokens tokens_of(const std::vector<std::vector<nn::ChargeMap>>& samples,
                 const nn::VitConfig& config) {
  std::vector<float> values;
  std::vector<std::int64_t> positions, source, classes;
  std::vector<std::int64_t> lengths;
  for (const auto& sample : samples) {
    for (const nn::ChargeMap& view : sample) {
      const nn::PatchTokens tokens = nn::patch_tokens(view, config);
      classes.push_back(static_cast<std::int64_t>(positions.size()));
      positions.push_back(0);
      source.push_back(0);
      std::int64_t patch = static_cast<std::int64_t>(values.size()) / config.patch_numbers();
      for (const std::int32_t position : tokens.positions) {
        positions.push_back(position);
        source.push_back(1 + patch++);
      }
      values.insert(values.end(), tokens.values.begin(), tokens.values.end());
      lengths.push_back(static_cast<std::int64_t>(tokens.positions.size()) + 1);
    }
  }
  const auto views = static_cast<std::int64_t>(lengths.size());
  const std::int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  Tokens result;
  result.values = torch::tensor(values).view({-1, config.patch_numbers()});
  result.positions = torch::tensor(positions);
  result.source = torch::tensor(source);
  result.classes = torch::tensor(classes);
  result.padded = torch::full({views * longest, 1}, -1, torch::kInt);
  result.mask = torch::full({views, 1, longest}, -std::numeric_limits<float>::infinity());
  std::int32_t row = 0;
  for (std::int64_t v = 0; v < views; ++v) {
    for (std::int64_t t = 0; t < lengths[static_cast<std::size_t>(v)]; ++t) {
      result.padded.data_ptr<std::int32_t>()[v * longest + t] = row++;
      result.mask.data_ptr<float>()[v * longest + t] = 0;
    }
  }
  result.unpadded = reversed(result.padded, row);
  result.share = torch::zeros({static_cast<std::int64_t>(samples.size()), views});
  std::int64_t view = 0;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    for (std::size_t v = 0; v < samples[s].size(); ++v) {
      result.share[static_cast<std::int64_t>(s)][view++] =
          1.0 / static_cast<double>(samples[s].size());
    }
  }
  return result;
}

}  // namespace

Vit::Vit(const nn::VitConfig& config, std::uint64_t seed)
    : config_(config), tensors_(config.tensors(), seed) {
  // Residual branches start small, so that depth does not make the sum grow.
  const torch::NoGradGuard no_grad;
  const double factor = 1.0 / std::sqrt(4.0 * static_cast<double>(config.layers));
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string layer = "layers." + std::to_string(i) + ".";
    for (const char* name : {"out.weight", "fc2.weight"}) {
      Tensor weight = tensors_.at(layer + name);
      weight.mul_(factor);
    }
    Tensor weight = tensors_.at(layer + "query_key_value.weight");
    weight.mul_(std::sqrt(0.5));
  }
}

Tensor Vit::norm(const Tensor& x, const std::string& name) const {
  return at::layer_norm(x, {config_.hidden_size}, tensors_.at(name + ".weight"),
                        tensors_.at(name + ".bias"), config_.norm_eps);
}

Tensor Vit::logits(const std::vector<std::vector<nn::ChargeMap>>& samples, Mode mode) {
  const bool f32 = mode == Mode::kF32;
  const Tokens tokens = tokens_of(samples, config_);
  const std::int64_t h = config_.hidden_size;
  const std::int64_t heads = config_.heads;
  const std::int64_t d = config_.head_size();
  const std::int64_t views = tokens.mask.size(0);
  const std::int64_t longest = tokens.mask.size(2);
  const auto apply = [&](const Tensor& x, const std::string& name) {
    return linear(x, tensors_.at(name + ".weight"), tensors_.at(name + ".bias"), f32);
  };
  const Tensor embedded = linear(tokens.values, tensors_.at("patch.weight").view({h, -1}),
                                 tensors_.at("patch.bias"), f32)
                              .to(torch::kFloat);
  Tensor x = at::cat({tensors_.at("class_token").view({1, h}), embedded}, 0)
                 .index_select(0, tokens.source) +
             at::embedding(tensors_.at("position"), tokens.positions);
  x = norm(x, "pre_norm");
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    const std::string layer = "layers." + std::to_string(i) + ".";
    const auto qkv = gather_rows(apply(norm(x, layer + "norm1"), layer + "query_key_value"),
                                 tokens.padded, tokens.unpadded)
                         .view({views, longest, 3, heads, d})
                         .permute({2, 0, 3, 1, 4})
                         .contiguous()
                         .view({3, views * heads, longest, d})
                         .unbind(0);
    Tensor scores = at::bmm(qkv[0], qkv[1].transpose(1, 2)) / std::sqrt(static_cast<double>(d));
    scores = scores.view({views, heads, longest, longest}) +
             tokens.mask.unsqueeze(1).to(scores.scalar_type());
    const Tensor weights = at::softmax(scores, -1).view({views * heads, longest, longest});
    const Tensor mixed = at::bmm(weights, qkv[2])
                             .view({views, heads, longest, d})
                             .permute({0, 2, 1, 3})
                             .reshape({views * longest, h});
    x = x + apply(gather_rows(mixed, tokens.unpadded, tokens.padded), layer + "out");
    const Tensor inner = at::gelu(apply(norm(x, layer + "norm2"), layer + "fc1"));
    x = x + apply(inner, layer + "fc2");
  }
  Tensor feature = at::mm(tokens.share, norm(x.index_select(0, tokens.classes), "norm"));
  feature = at::dropout(feature, config_.dropout, mode == Mode::kTrain);
  return at::linear(feature, tensors_.at("head.weight"), tensors_.at("head.bias"));
}

}  // namespace firstlight::aten
