#include "firstlight/aten/cnn.h"

#include <torch/autograd.h>

#include <algorithm>
#include <utility>

#include "firstlight/aten/functions.h"
#include "firstlight/aten/site_ops.h"

namespace firstlight::aten {
namespace {

using nn::CnnConfig;
using nn::CnnStep;
using torch::Tensor;

constexpr double kMomentum = 0.03;  // of running means and variances

RowActivation row_activation(nn::CnnActivation activation) {
  switch (activation) {
    case nn::CnnActivation::kRelu:
      return RowActivation::kRelu;
    case nn::CnnActivation::kRelu6:
      return RowActivation::kRelu6;
    case nn::CnnActivation::kHardSwish:
      return RowActivation::kHardSwish;
    case nn::CnnActivation::kNone:
      break;
  }
  return RowActivation::kNone;
}

Tensor activated(const Tensor& x, nn::CnnActivation activation) {
  switch (activation) {
    case nn::CnnActivation::kRelu:
      return at::relu(x);
    case nn::CnnActivation::kRelu6:
      return at::clamp(x, 0, 6);
    case nn::CnnActivation::kHardSwish:
      return x * at::clamp(x + 3, 0, 6) / 6;
    case nn::CnnActivation::kNone:
      break;
  }
  return x;
}

Tensor first_rows(const nn::Sites& sites) {
  Tensor first = torch::empty({static_cast<std::int64_t>(sites.maps.size()) + 1}, torch::kLong);
  auto* out = first.data_ptr<std::int64_t>();
  for (const nn::Sites::Map& map : sites.maps) *out++ = static_cast<std::int64_t>(map.first);
  *out = static_cast<std::int64_t>(sites.rows());
  return first;
}

Tensor table_tensor(const std::vector<std::int32_t>& table, std::int64_t taps) {
  return torch::from_blob(const_cast<std::int32_t*>(table.data()),
                          {static_cast<std::int64_t>(table.size()) / taps, taps}, torch::kInt)
      .clone();  // gradients outlive the path
}

}  // namespace

/// Rows on their way through steps.
class SiameseCnn::Walk {
 public:
  Walk(const SiameseCnn& model, Mode mode, nn::Sites sites)
      : model_(model), mode_(mode), path_(std::move(sites)) {}

  Tensor through(const std::vector<CnnStep>& steps, Tensor x) {
    for (const CnnStep& step : steps) x = next(step, std::move(x));
    return x;
  }
  const nn::Sites& sites() const { return path_.sites(); }

 private:
  struct Tables {
    Tensor forward, back;
  };

  Tensor next(const CnnStep& step, Tensor x) {
    switch (step.kind) {
      case CnnStep::Kind::kConv:
        return conv(step, x);
      case CnnStep::Kind::kDepthwise: {
        const auto& [forward, back] = tables(step.window);
        const Tensor w = model_.tensors_.at(step.name + ".weight")
                             .view({step.in, step.window.taps()})
                             .t()
                             .contiguous();
        return norm(step, depthwise_rows(x, w, forward, back));
      }
      case CnnStep::Kind::kSqueeze: {
        const Tensor first = first_rows(sites());
        const Tensor narrow = at::relu(linear(step.name + ".reduce", mean_of_maps(x, first)));
        const Tensor gate = at::clamp(linear(step.name + ".expand", narrow) + 3, 0, 6) / 6;
        return scale_maps(x, gate, first);
      }
      case CnnStep::Kind::kMaxPool:
        return max_rows(x, tables(step.window).forward);
      case CnnStep::Kind::kDropout:
        return at::dropout(x, step.rate, mode_ == Mode::kTrain);
      case CnnStep::Kind::kSave:
        saved_ = x;
        return x;
      case CnnStep::Kind::kAdd:
        return x + std::exchange(saved_, Tensor());
    }
    return x;
  }

  Tensor conv(const CnnStep& step, const Tensor& x) {
    const Tensor& weight = model_.tensors_.at(step.name + ".weight");
    const std::int64_t taps = step.window.taps();
    Tensor rows = x;
    if (!step.window.is_point()) {
      const auto& [forward, back] = tables(step.window);
      rows = gather_rows(x, forward, back);
    }
    const Tensor w = taps == 1 ? weight.view({step.out, step.in})
                               : weight.permute({0, 2, 3, 1}).reshape({step.out, taps * step.in});
    const bool f32 = mode_ == Mode::kF32;
    if (step.norm) return norm(step, aten::linear(rows, w, Tensor(), f32));
    return activated(aten::linear(rows, w, model_.tensors_.at(step.name + ".bias"), f32),
                     step.activation);
  }

  Tensor norm(const CnnStep& step, const Tensor& x) {
    const auto view = [&](const char* name) { return model_.tensors_.at(step.name + name); };
    return norm_rows(x, view(".norm.weight"), view(".norm.bias"), view(".norm.running_mean"),
                     view(".norm.running_var"), model_.config_.norm_eps, kMomentum,
                     mode_ == Mode::kTrain, row_activation(step.activation));
  }

  Tensor linear(const std::string& name, const Tensor& x) const {
    return at::linear(x, model_.tensors_.at(name + ".weight"), model_.tensors_.at(name + ".bias"));
  }

  const Tables& tables(const nn::Window& window) {
    const auto rows = static_cast<std::int64_t>(path_.sites().rows());
    const std::vector<std::int32_t>& table = path_.through(window);
    auto [at, fresh] = tables_.try_emplace(&table);
    if (fresh) {
      at->second.forward = table_tensor(table, window.taps());
      at->second.back = reversed(at->second.forward, rows);
    }
    return at->second;
  }

  const SiameseCnn& model_;
  Mode mode_;
  nn::SitePath path_;
  std::map<const std::vector<std::int32_t>*, Tables> tables_;
  Tensor saved_;
};

SiameseCnn::SiameseCnn(const CnnConfig& config, std::uint64_t seed)
    : config_(config), tensors_(config.tensors(), seed) {}

Tensor SiameseCnn::logits(const std::vector<std::vector<nn::ChargeMap>>& samples, Mode mode) {
  std::vector<const nn::ChargeMap*> maps;
  std::vector<std::size_t> views;
  for (const auto& sample : samples) {
    views.push_back(sample.size());
    for (const nn::ChargeMap& map : sample) maps.push_back(&map);
  }
  std::vector<float> values;
  nn::Sites sites = nn::batch_of(maps, &values);
  Tensor x = torch::tensor(values).view({-1, config_.input.channels});
  Walk branch(*this, mode, std::move(sites));
  if (mode != Mode::kF32) x = x.to(torch::kBFloat16);
  x = branch.through(config_.branch, x);

  std::vector<std::int32_t> table;
  nn::Sites joined = nn::unite(branch.sites(), views, &table);
  const auto width = static_cast<std::int64_t>(*std::max_element(views.begin(), views.end()));
  const Tensor forward = table_tensor(table, width);
  const Tensor back = reversed(forward, x.size(0));
  if (config_.join == CnnConfig::Join::kConcat) {
    x = gather_rows(x, forward, back);
  } else {
    Tensor share = torch::empty({static_cast<std::int64_t>(views.size()), 1});
    for (std::size_t i = 0; i < views.size(); ++i) {
      share[static_cast<std::int64_t>(i)] = 1.0 / static_cast<double>(views[i]);
    }
    const Tensor sum = depthwise_rows(x, torch::ones({width, x.size(1)}), forward, back);
    const Tensor mean = scale_maps(sum, share.expand({-1, x.size(1)}), first_rows(joined));
    x = at::cat({mean, max_rows(x, forward)}, 1);
  }
  Walk trunk(*this, mode, std::move(joined));
  x = trunk.through(config_.trunk, x);
  x = mean_of_maps(x, first_rows(trunk.sites()));
  for (std::size_t i = 0; i < config_.head.size(); ++i) {
    const auto& layer = config_.head[i];
    if (i + 1 == config_.head.size()) {
      x = at::dropout(x, config_.head_dropout, mode == Mode::kTrain);
    }
    x = activated(
        at::linear(x, tensors_.at(layer.name + ".weight"), tensors_.at(layer.name + ".bias")),
        layer.activation);
  }
  return x;
}

}  // namespace firstlight::aten
