#include "firstlight/aten/llava.h"

#include <torch/autograd.h>

#include <cmath>

#include "firstlight/aten/functions.h"
#include "firstlight/base/error.h"

namespace firstlight::aten {
namespace {

using torch::Tensor;
using torch::indexing::Slice;

enum class Start { kNormal, kZeros, kOnes };

struct Entry {
  std::string name;
  std::vector<std::int64_t> shape;
  Start start = Start::kNormal;
  double sigma = 0.02;
  bool decays = false;
};

/// Every parameter in flat order, the vision tower first. Query, key and value (and gate and up)
/// are one matrix here and separate tensors in files.
std::vector<Entry> entries(const LlavaShape& shape) {
  std::vector<Entry> list;
  const auto& v = shape.vision;
  const auto& t = shape.text;
  const auto matrix = [&](const std::string& name, std::int64_t out, std::int64_t in,
                          double gain = 1.0) {
    list.push_back(
        {name, {out, in}, Start::kNormal, gain / std::sqrt(static_cast<double>(in)), true});
  };
  const auto zeros = [&](const std::string& name, std::int64_t n) {
    list.push_back({name, {n}, Start::kZeros});
  };
  const auto norm = [&](const std::string& name, std::int64_t n, bool bias) {
    list.push_back({name + ".weight", {n}, Start::kOnes});
    if (bias) zeros(name + ".bias", n);
  };
  const std::int64_t pixels = 3 * v.patch_size * v.patch_size;
  matrix("vision.patch", v.hidden_size, pixels);
  list.push_back({"vision.class", {v.hidden_size}});
  list.push_back({"vision.position", {v.patches() + 1, v.hidden_size}});
  norm("vision.pre", v.hidden_size, true);
  const double vision_depth = 1.0 / std::sqrt(2.0 * static_cast<double>(v.num_hidden_layers));
  for (std::int64_t i = 0; i < v.num_hidden_layers; ++i) {
    const std::string layer = "vision." + std::to_string(i) + ".";
    norm(layer + "norm1", v.hidden_size, true);
    matrix(layer + "qkv", 3 * v.hidden_size, v.hidden_size);
    zeros(layer + "qkv.bias", 3 * v.hidden_size);
    matrix(layer + "out", v.hidden_size, v.hidden_size, vision_depth);
    zeros(layer + "out.bias", v.hidden_size);
    norm(layer + "norm2", v.hidden_size, true);
    matrix(layer + "fc1", v.intermediate_size, v.hidden_size);
    zeros(layer + "fc1.bias", v.intermediate_size);
    matrix(layer + "fc2", v.hidden_size, v.intermediate_size, vision_depth);
    zeros(layer + "fc2.bias", v.hidden_size);
  }
  matrix("projector.1", t.hidden_size, v.hidden_size);
  zeros("projector.1.bias", t.hidden_size);
  matrix("projector.2", t.hidden_size, t.hidden_size);
  zeros("projector.2.bias", t.hidden_size);
  list.push_back({"text.embedding", {t.vocab_size, t.hidden_size}});
  const std::int64_t heads = t.num_attention_heads + 2 * t.num_key_value_heads;
  const double text_depth = 1.0 / std::sqrt(2.0 * static_cast<double>(t.num_hidden_layers));
  for (std::int64_t i = 0; i < t.num_hidden_layers; ++i) {
    const std::string layer = "text." + std::to_string(i) + ".";
    norm(layer + "norm1", t.hidden_size, false);
    matrix(layer + "qkv", heads * t.head_dim(), t.hidden_size);
    matrix(layer + "out", t.hidden_size, t.num_attention_heads * t.head_dim(), text_depth);
    norm(layer + "norm2", t.hidden_size, false);
    matrix(layer + "gate_up", 2 * t.intermediate_size, t.hidden_size);
    matrix(layer + "down", t.hidden_size, t.intermediate_size, text_depth);
  }
  norm("text.norm", t.hidden_size, false);
  return list;
}

std::int64_t count(const std::vector<std::int64_t>& shape) {
  std::int64_t n = 1;
  for (const std::int64_t side : shape) n *= side;
  return n;
}

/// softmax(q k^T / sqrt(d)) v over a shared prefix and branches; see PackedGroup. q [R,kv,g,d],
/// k and v [R,kv,d] of one group; returns [R, kv*g*d]. Query heads that share a key head are rows
/// of one product, so grouped-query attention costs no copies.
Tensor tree_attention(const PackedGroup& group, const Tensor& q, const Tensor& k, const Tensor& v) {
  const std::int64_t kv = q.size(1);
  const std::int64_t g = q.size(2);
  const std::int64_t d = q.size(3);
  const std::int64_t p = group.prefix;
  const std::int64_t n = group.branches;
  const std::int64_t l = group.length;
  const double scale = 1.0 / std::sqrt(static_cast<double>(d));
  // Splits, not slices: the gradient of a slice is a zero-filled tensor of the whole size.
  const auto qs = q.split_with_sizes({p, n * l}, 0);
  const auto ks = k.split_with_sizes({p, n * l}, 0);
  const auto vs = v.split_with_sizes({p, n * l}, 0);
  const Tensor kp = ks[0].transpose(0, 1);
  const Tensor vp = vs[0].transpose(0, 1);
  const Tensor qp = qs[0].permute({1, 2, 0, 3}).reshape({kv, g * p, d});
  const Tensor scores = at::bmm(qp, kp.transpose(1, 2)).view({kv, g, p, p});
  Tensor out = at::bmm(causal_softmax(scores, scale).view({kv, g * p, p}), vp);
  out = out.view({kv, g, p, d}).permute({2, 0, 1, 3}).reshape({p, kv * g * d});
  if (n == 0) return out;

  const Tensor qb = qs[1].view({n, l, kv, g, d});
  const Tensor kb = ks[1].view({n, l, kv, d}).permute({0, 2, 1, 3});
  const Tensor vb = vs[1].view({n, l, kv, d}).permute({0, 2, 1, 3});
  const Tensor q_prefix = qb.permute({2, 3, 0, 1, 4}).reshape({kv, g * n * l, d});
  const Tensor q_self = qb.permute({0, 2, 3, 1, 4}).reshape({n * kv, g * l, d});
  const Tensor to_prefix = at::bmm(q_prefix, kp.transpose(1, 2)).view({kv, g, n, l, p});
  const Tensor to_self = at::bmm(q_self, kb.reshape({n * kv, l, d}).transpose(1, 2))
                             .view({n, kv, g, l, l})
                             .permute({1, 2, 0, 3, 4});
  const auto weights =
      causal_softmax(at::cat({to_prefix, to_self}, -1), scale).split_with_sizes({p, l}, -1);
  const Tensor from_prefix =
      at::bmm(weights[0].reshape({kv, g * n * l, p}), vp).view({kv, g, n, l, d});
  const Tensor from_self = at::bmm(weights[1].permute({2, 0, 1, 3, 4}).reshape({n * kv, g * l, l}),
                                   vb.reshape({n * kv, l, d}))
                               .view({n, kv, g, l, d});
  const Tensor branches = from_prefix.permute({2, 3, 0, 1, 4}) + from_self.permute({0, 3, 1, 2, 4});
  return at::cat({out, branches.reshape({n * l, kv * g * d})}, 0);
}

}  // namespace

Llava::Llava(const LlavaShape& shape, std::uint64_t seed) : shape_(shape) {
  const auto list = entries(shape);
  std::int64_t total = 0;
  for (const Entry& entry : list) total += count(entry.shape);
  flat_ = torch::zeros({total}, torch::kFloat);
  flat_grad_ = torch::zeros({total}, torch::kFloat);
  torch::Generator generator = at::detail::createCPUGenerator(seed);
  const torch::NoGradGuard no_grad;
  std::int64_t offset = 0;
  for (const Entry& entry : list) {
    const std::int64_t n = count(entry.shape);
    Tensor data = flat_.narrow(0, offset, n).view(entry.shape);
    if (entry.start == Start::kOnes) data.fill_(1);
    if (entry.start == Start::kNormal) data.normal_(0, entry.sigma, generator);
    Tensor leaf = data.detach();
    leaf.set_requires_grad(true);
    leaf.mutable_grad() = flat_grad_.narrow(0, offset, n).view(entry.shape);
    views_.emplace(entry.name, leaf);
    if (entry.decays) decayed_.emplace_back(offset, offset + n);
    offset += n;
    if (entry.name.rfind("vision.", 0) == 0) vision_end_ = offset;
  }
}

Tensor Llava::parameter(const std::string& name) const { return views_.at(name); }

void Llava::train_vision(bool on) {
  for (auto& [name, view] : views_) {
    if (name.rfind("vision.", 0) == 0) view.set_requires_grad(on);
  }
}

Tensor Llava::vision(const Tensor& pixel_values, bool f32) const {
  const auto& v = shape_.vision;
  const std::int64_t batch = pixel_values.size(0);
  const std::int64_t side = v.image_size / v.patch_size;
  const std::int64_t tokens = v.patches() + 1;
  const std::int64_t d = v.hidden_size / v.num_attention_heads;
  const Tensor patches = pixel_values.view({batch, 3, side, v.patch_size, side, v.patch_size})
                             .permute({0, 2, 4, 1, 3, 5})
                             .reshape({batch * v.patches(), 3 * v.patch_size * v.patch_size});
  const Tensor embedded = linear(patches, parameter("vision.patch"), Tensor(), f32)
                              .to(torch::kFloat)
                              .view({batch, v.patches(), v.hidden_size});
  const Tensor start = parameter("vision.class").view({1, 1, -1}).expand({batch, 1, -1});
  Tensor h = at::cat({start, embedded}, 1) + parameter("vision.position");
  const auto norm = [&](const Tensor& x, const std::string& name) {
    return at::layer_norm(x, {v.hidden_size}, parameter(name + ".weight"),
                          parameter(name + ".bias"), v.layer_norm_eps);
  };
  h = norm(h, "vision.pre").view({batch * tokens, v.hidden_size});
  for (std::int64_t i = 0; i < v.num_hidden_layers; ++i) {
    const std::string layer = "vision." + std::to_string(i) + ".";
    const auto qkv = linear(norm(h, layer + "norm1"), parameter(layer + "qkv"),
                            parameter(layer + "qkv.bias"), f32)
                         .view({batch, tokens, 3, v.num_attention_heads, d})
                         .permute({2, 0, 3, 1, 4})
                         .contiguous()
                         .view({3, batch * v.num_attention_heads, tokens, d})
                         .unbind(0);
    const Tensor scores =
        at::bmm(qkv[0], qkv[1].transpose(1, 2)) / std::sqrt(static_cast<double>(d));
    const Tensor mixed = at::bmm(at::softmax(scores, -1), qkv[2])
                             .view({batch, v.num_attention_heads, tokens, d})
                             .permute({0, 2, 1, 3})
                             .reshape({batch * tokens, v.hidden_size});
    h = h + linear(mixed, parameter(layer + "out"), parameter(layer + "out.bias"), f32);
    const Tensor hidden = at::gelu(linear(norm(h, layer + "norm2"), parameter(layer + "fc1"),
                                          parameter(layer + "fc1.bias"), f32));
    h = h + linear(hidden, parameter(layer + "fc2"), parameter(layer + "fc2.bias"), f32);
  }
  return h.view({batch, tokens, v.hidden_size});
}

Tensor Llava::project(const Tensor& patches, bool f32) const {
  const Tensor hidden =
      at::gelu(linear(patches, parameter("projector.1"), parameter("projector.1.bias"), f32));
  return linear(hidden, parameter("projector.2"), parameter("projector.2.bias"), f32)
      .to(torch::kFloat);
}

Tensor Llava::text(const PackedText& batch, const Tensor& projected, const Tensor& wanted, bool f32,
                   MiddleStates* middle) const {
  const auto& t = shape_.text;
  const std::int64_t rows = batch.token_ids.size(0);
  const std::int64_t d = t.head_dim();
  const std::int64_t kv = t.num_key_value_heads;
  const std::int64_t g = t.num_attention_heads / kv;
  Tensor h = at::embedding(parameter("text.embedding"), batch.token_ids);
  if (batch.image_rows.numel() > 0) {
    h = h.index_copy(0, batch.image_rows, projected.index_select(0, batch.image_index));
  }
  const Tensor exponents = torch::arange(0, d, 2, torch::kFloat) / static_cast<double>(d);
  const Tensor angles = batch.positions.to(torch::kFloat).unsqueeze(1) *
                        at::pow(t.rope_theta, -exponents).unsqueeze(0);
  const Tensor cosine = angles.cos().contiguous();
  const Tensor sine = angles.sin().contiguous();
  const std::int64_t heads = t.num_attention_heads + 2 * kv;
  std::vector<std::int64_t> group_rows;
  for (const PackedGroup& group : batch.groups) group_rows.push_back(group.rows());
  for (std::int64_t i = 0; i < t.num_hidden_layers; ++i) {
    const std::string layer = "text." + std::to_string(i) + ".";
    const Tensor normed = rms_norm(h, parameter(layer + "norm1.weight"), t.rms_norm_eps, f32);
    const Tensor qkv =
        rotary(linear(normed, parameter(layer + "qkv"), Tensor(), f32).view({rows, heads, d}),
               cosine, sine, t.num_attention_heads + kv);
    if (middle != nullptr && middle->layers == i) {
      middle->queries = qkv.narrow(1, 0, g).index_select(0, middle->asking).to(torch::kFloat);
      middle->keys = qkv.select(1, t.num_attention_heads).to(torch::kFloat);
    }
    std::vector<Tensor> mixed;
    const auto parts = qkv.split_with_sizes({t.num_attention_heads, kv, kv}, 1);
    const auto q = parts[0].split_with_sizes(group_rows, 0);
    const auto k = parts[1].split_with_sizes(group_rows, 0);
    const auto v = parts[2].split_with_sizes(group_rows, 0);
    for (std::size_t j = 0; j < batch.groups.size(); ++j) {
      mixed.push_back(
          tree_attention(batch.groups[j], q[j].reshape({group_rows[j], kv, g, d}), k[j], v[j]));
    }
    h = h + linear(at::cat(mixed, 0), parameter(layer + "out"), Tensor(), f32);
    const Tensor gate_up =
        linear(rms_norm(h, parameter(layer + "norm2.weight"), t.rms_norm_eps, f32),
               parameter(layer + "gate_up"), Tensor(), f32);
    h = h + linear(swiglu(gate_up), parameter(layer + "down"), Tensor(), f32);
    if (middle != nullptr && middle->layers == i + 1) {
      middle->hidden = h.index_select(0, middle->rows);
    }
  }
  return read_out(h.index_select(0, wanted), f32);
}

Tensor Llava::read_out(const Tensor& hidden, bool f32) const {
  const Tensor last =
      rms_norm(hidden, parameter("text.norm.weight"), shape_.text.rms_norm_eps, f32);
  return linear(last, parameter("text.embedding"), Tensor(), f32).to(torch::kFloat);
}

namespace {

/// Where a published folder keeps a parameter: `file` name and the rows of the flat one.
struct FileTensor {
  std::string file;
  std::string name;
  std::int64_t first = 0;
  std::int64_t rows = 0;                 ///< 0 = all
  std::vector<std::int64_t> shape = {};  ///< empty = as it is
};

std::vector<FileTensor> file_tensors(const LlavaShape& shape) {
  const auto& v = shape.vision;
  const auto& t = shape.text;
  std::vector<FileTensor> list;
  const std::string vision = "vision_tower.vision_model.";
  list.push_back({vision + "embeddings.class_embedding", "vision.class"});
  list.push_back({vision + "embeddings.patch_embedding.weight",
                  "vision.patch",
                  0,
                  0,
                  {v.hidden_size, 3, v.patch_size, v.patch_size}});
  list.push_back({vision + "embeddings.position_embedding.weight", "vision.position"});
  for (const std::string end : {".weight", ".bias"}) {
    list.push_back({vision + "pre_layrnorm" + end, "vision.pre" + end});
    for (std::int64_t i = 0; i < v.num_hidden_layers; ++i) {
      const std::string to = vision + "encoder.layers." + std::to_string(i) + ".";
      const std::string from = "vision." + std::to_string(i) + ".";
      const std::string tail = end == ".weight" ? "" : end;
      list.push_back({to + "layer_norm1" + end, from + "norm1" + end});
      list.push_back({to + "layer_norm2" + end, from + "norm2" + end});
      const char* parts[] = {"q_proj", "k_proj", "v_proj"};
      for (std::int64_t part = 0; part < 3; ++part) {
        list.push_back({to + "self_attn." + parts[part] + end, from + "qkv" + tail,
                        part * v.hidden_size, v.hidden_size});
      }
      list.push_back({to + "self_attn.out_proj" + end, from + "out" + tail});
      list.push_back({to + "mlp.fc1" + end, from + "fc1" + tail});
      list.push_back({to + "mlp.fc2" + end, from + "fc2" + tail});
    }
    const std::string tail = end == ".weight" ? "" : end;
    list.push_back({"multi_modal_projector.linear_1" + end, "projector.1" + tail});
    list.push_back({"multi_modal_projector.linear_2" + end, "projector.2" + tail});
  }
  const std::string text = "language_model.model.";
  list.push_back({text + "embed_tokens.weight", "text.embedding"});
  list.push_back({text + "norm.weight", "text.norm.weight"});
  const std::int64_t q = t.num_attention_heads * t.head_dim();
  const std::int64_t kv = t.num_key_value_heads * t.head_dim();
  for (std::int64_t i = 0; i < t.num_hidden_layers; ++i) {
    const std::string to = text + "layers." + std::to_string(i) + ".";
    const std::string from = "text." + std::to_string(i) + ".";
    list.push_back({to + "input_layernorm.weight", from + "norm1.weight"});
    list.push_back({to + "post_attention_layernorm.weight", from + "norm2.weight"});
    list.push_back({to + "self_attn.q_proj.weight", from + "qkv", 0, q});
    list.push_back({to + "self_attn.k_proj.weight", from + "qkv", q, kv});
    list.push_back({to + "self_attn.v_proj.weight", from + "qkv", q + kv, kv});
    list.push_back({to + "self_attn.o_proj.weight", from + "out"});
    list.push_back({to + "mlp.gate_proj.weight", from + "gate_up", 0, t.intermediate_size});
    list.push_back(
        {to + "mlp.up_proj.weight", from + "gate_up", t.intermediate_size, t.intermediate_size});
    list.push_back({to + "mlp.down_proj.weight", from + "down"});
  }
  return list;
}

Tensor part_of(const Tensor& whole, const FileTensor& entry) {
  const Tensor part = entry.rows == 0 ? whole : whole.narrow(0, entry.first, entry.rows);
  return entry.shape.empty() ? part : part.view(entry.shape);
}

}  // namespace

std::map<std::string, Tensor> Llava::export_tensors() const {
  std::map<std::string, Tensor> tensors;
  for (const FileTensor& entry : file_tensors(shape_)) {
    tensors.emplace(entry.file, part_of(parameter(entry.name).detach(), entry).contiguous());
  }
  // transformers builds this norm into the tower; LLaVA never reads it (see vision()).
  for (const char* end : {".weight", ".bias"}) {
    const auto options = torch::TensorOptions(torch::kFloat);
    tensors.emplace(std::string("vision_tower.vision_model.post_layernorm") + end,
                    end[1] == 'w' ? torch::ones({shape_.vision.hidden_size}, options)
                                  : torch::zeros({shape_.vision.hidden_size}, options));
  }
  return tensors;
}

void Llava::import_tensors(const std::map<std::string, Tensor>& tensors) {
  const torch::NoGradGuard no_grad;
  for (const FileTensor& entry : file_tensors(shape_)) {
    const auto found = tensors.find(entry.file);
    if (found == tensors.end()) throw Error::input(entry.file, "the tensor is missing");
    Tensor target = part_of(parameter(entry.name).detach(), entry);
    if (target.sizes() != found->second.sizes()) {
      throw Error::input(entry.file, "the tensor has another shape than the configuration says");
    }
    target.copy_(found->second);
  }
}

}  // namespace firstlight::aten
