#include "firstlight/aten/vit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "firstlight/aten/functions.h"
#include "firstlight/aten/site_ops.h"

namespace firstlight::aten {
namespace {

using torch::Tensor;

/// Views of like length, one after the other, and where their rows lie when all are padded to the
/// longest.
struct Group {
  std::vector<std::int64_t> lengths;  ///< falling
  std::int64_t rows = 0;              ///< their sum
  Tensor padded;    ///< i32 [views * longest, 1]: row of the group, -1 for padding
  Tensor unpadded;  ///< i32 [rows, 1]: the reverse
  Tensor mask;      ///< f32 [views, 1, 1, longest]: 0, or -inf for padding

  std::int64_t longest() const { return lengths.front(); }
  std::int64_t views() const { return static_cast<std::int64_t>(lengths.size()); }
};

/// Tokens of all views, one view after the other, the longest first.
struct Tokens {
  Tensor values;     ///< f32 [patches, numbers]
  Tensor positions;  ///< i64 [rows]; row 0 of the table for class tokens
  Tensor source;     ///< i64 [rows]: which patch, after the one row of the class token
  Tensor classes;    ///< i64 [views]: rows of the class tokens
  Tensor share;      ///< f32 [samples, views]: means over the views of a sample
  std::vector<Group> groups;
};

/// At most a fifth of a group is padding: the longest view of a batch has several times the tokens
/// of the others, so that padding all to it would cost more than all products.
std::vector<Group> grouped(const std::vector<std::int64_t>& lengths) {
  std::vector<Group> groups;
  for (const std::int64_t length : lengths) {
    if (groups.empty() || 5 * length < 4 * groups.back().longest()) groups.emplace_back();
    groups.back().lengths.push_back(length);
    groups.back().rows += length;
  }
  for (Group& group : groups) {
    const std::int64_t longest = group.longest();
    group.padded = torch::full({group.views() * longest, 1}, -1, torch::kInt);
    group.mask =
        torch::full({group.views(), 1, 1, longest}, -std::numeric_limits<float>::infinity());
    std::int32_t row = 0;
    for (std::int64_t v = 0; v < group.views(); ++v) {
      for (std::int64_t t = 0; t < group.lengths[static_cast<std::size_t>(v)]; ++t) {
        group.padded.data_ptr<std::int32_t>()[v * longest + t] = row++;
        group.mask.data_ptr<float>()[v * longest + t] = 0;
      }
    }
    group.unpadded = reversed(group.padded, row);
  }
  return groups;
}

Tokens tokens_of(const std::vector<std::vector<nn::ChargeMap>>& samples,
                 const nn::VitConfig& config) {
  struct View {
    std::size_t sample;
    nn::PatchTokens tokens;
  };
  std::vector<View> all;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    for (const nn::ChargeMap& map : samples[s]) all.push_back({s, nn::patch_tokens(map, config)});
  }
  std::stable_sort(all.begin(), all.end(), [](const View& a, const View& b) {
    return a.tokens.positions.size() > b.tokens.positions.size();
  });
  std::vector<float> values;
  std::vector<std::int64_t> positions, source, classes, lengths;
  Tokens result;
  result.share = torch::zeros(
      {static_cast<std::int64_t>(samples.size()), static_cast<std::int64_t>(all.size())});
  for (const auto& [sample, tokens] : all) {
    result.share[static_cast<std::int64_t>(sample)][static_cast<std::int64_t>(classes.size())] =
        1.0 / static_cast<double>(samples[sample].size());
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
  result.values = torch::tensor(values).view({-1, config.patch_numbers()});
  result.positions = torch::tensor(positions);
  result.source = torch::tensor(source);
  result.classes = torch::tensor(classes);
  result.groups = grouped(lengths);
  return result;
}

/// Softmax(q k^T / sqrt(d)) v within each view. `qkv` [rows, 3 * heads * d], result
/// [rows, heads * d].
Tensor attention(const Tensor& qkv, const std::vector<Group>& groups, std::int64_t heads) {
  const std::int64_t h = qkv.size(1) / 3;
  const std::int64_t d = h / heads;
  std::vector<std::int64_t> sizes;
  for (const Group& group : groups) sizes.push_back(group.rows);
  const std::vector<Tensor> rows = at::split_with_sizes(qkv, sizes, 0);
  std::vector<Tensor> mixed;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const Group& group = groups[i];
    const std::int64_t views = group.views(), longest = group.longest();
    const auto parts = gather_rows(rows[i].contiguous(), group.padded, group.unpadded)
                           .view({views, longest, 3, heads, d})
                           .permute({2, 0, 3, 1, 4})
                           .contiguous()
                           .view({3, views * heads, longest, d})
                           .unbind(0);
    const Tensor query = parts[0] * (1 / std::sqrt(static_cast<double>(d)));
    const Tensor scores =
        at::bmm(query, parts[1].transpose(1, 2)).view({views, heads, longest, longest}) +
        group.mask.to(qkv.scalar_type());
    const Tensor weights = at::softmax(scores, -1).view({views * heads, longest, longest});
    const Tensor values = at::bmm(weights, parts[2])
                              .view({views, heads, longest, d})
                              .permute({0, 2, 1, 3})
                              .reshape({views * longest, h});
    mixed.push_back(gather_rows(values, group.unpadded, group.padded));
  }
  return at::cat(mixed, 0);
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
    const Tensor qkv = apply(norm(x, layer + "norm1"), layer + "query_key_value");
    x = x + apply(attention(qkv, tokens.groups, config_.heads), layer + "out");
    const Tensor inner = at::gelu(apply(norm(x, layer + "norm2"), layer + "fc1"));
    x = x + apply(inner, layer + "fc2");
  }
  Tensor feature = at::mm(tokens.share, norm(x.index_select(0, tokens.classes), "norm"));
  feature = at::dropout(feature, config_.dropout, mode == Mode::kTrain);
  return at::linear(feature, tensors_.at("head.weight"), tensors_.at("head.bias"));
}

}  // namespace firstlight::aten
