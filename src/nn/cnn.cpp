#include "cnn.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "firstlight/base/error.h"

namespace firstlight::nn {
namespace {

using kernels::Activation;
using kernels::Buffer;
using kernels::PackedMatrix;
using kernels::Precision;
using kernels::Source;

std::vector<float> mean_over(const Sites::Map& map, const float* rows, std::size_t width) {
  std::vector<float> mean(width, 0.0F);
  for (std::size_t r = map.first; r < map.first + map.count; ++r) {
    for (std::size_t c = 0; c < width; ++c) mean[c] += rows[r * width + c];
  }
  const auto sites = static_cast<float>(std::max<std::size_t>(1, map.count));
  for (float& value : mean) value /= sites;
  return mean;
}

/// Slope of an activation at `z`.
float slope(CnnActivation activation, float z) {
  switch (activation) {
    case CnnActivation::kRelu:
      return z > 0 ? 1.0F : 0.0F;
    case CnnActivation::kRelu6:
      return z > 0 && z < 6 ? 1.0F : 0.0F;
    case CnnActivation::kHardSwish:
      return z <= -3 ? 0.0F : (z >= 3 ? 1.0F : (2 * z + 3) / 6);
    case CnnActivation::kNone:
      break;
  }
  return 1.0F;
}

PackedMatrix packed(const kernels::Kernels& kernels, const std::vector<float>& weights,
                    std::size_t out) {
  PackedMatrix matrix(kernels, Precision::kF32, out, weights.size() / out);
  matrix.set_rows(0, out, Source::kF32, weights.data());
  return matrix;
}

}  // namespace

SiameseCnn::SiameseCnn(CnnConfig config, const WeightReader& weights)
    : config_(std::move(config)), kernels_(weights.kernels()) {
  for (const CnnStep& step : config_.branch) branch_.push_back(read(step, weights));
  for (const CnnStep& step : config_.trunk) trunk_.push_back(read(step, weights));
  for (const CnnConfig::HeadLayer& layer : config_.head) {
    head_.push_back(linear(layer.name, layer.out, layer.in, weights));
    head_weights_.push_back(weights.tensor(layer.name + ".weight", {layer.out, layer.in}).to_f32());
  }
}

SiameseCnn::Weighted SiameseCnn::linear(const std::string& name, std::int64_t out, std::int64_t in,
                                        const WeightReader& weights) const {
  Weighted result;
  result.matrix = packed(kernels_, weights.tensor(name + ".weight", {out, in}).to_f32(),
                         static_cast<std::size_t>(out));
  result.bias = weights.vector(name + ".bias", out);
  return result;
}

SiameseCnn::Step SiameseCnn::read(const CnnStep& step, const WeightReader& weights) const {
  Step result;
  result.what = step;
  if (step.kind == CnnStep::Kind::kSqueeze) {
    result.main = linear(step.name + ".reduce", step.reduced, step.in, weights);
    result.second = linear(step.name + ".expand", step.in, step.reduced, weights);
    return result;
  }
  const bool depthwise = step.kind == CnnStep::Kind::kDepthwise;
  if (step.kind != CnnStep::Kind::kConv && !depthwise) return result;
  const auto k = static_cast<std::int64_t>(step.window.kernel);
  const auto taps = static_cast<std::size_t>(step.window.taps());
  const auto out = static_cast<std::size_t>(step.out);
  const std::size_t in = depthwise ? 1 : static_cast<std::size_t>(step.in);
  const std::vector<float> w =
      weights.tensor(step.name + ".weight", {step.out, static_cast<std::int64_t>(in), k, k})
          .to_f32();
  // A norm behind the product is a factor and an offset of its outputs.
  std::vector<float> factor(out, 1.0F);
  if (step.norm) {
    const auto vector = [&](const char* name) {
      return weights.vector(step.name + name, step.out);
    };
    factor = vector(".norm.weight");
    result.main.bias = vector(".norm.bias");
    const std::vector<float> mean = vector(".norm.running_mean");
    const std::vector<float> variance = vector(".norm.running_var");
    for (std::size_t c = 0; c < out; ++c) {
      factor[c] = static_cast<float>(
          factor[c] / std::sqrt(static_cast<double>(variance[c]) + config_.norm_eps));
      result.main.bias[c] -= mean[c] * factor[c];
    }
  } else {
    result.main.bias = weights.vector(step.name + ".bias", step.out);
  }
  // [out][in][tap] becomes [out][tap][in], as gathered rows have it; depthwise [tap][out].
  std::vector<float> ordered(w.size());
  for (std::size_t o = 0; o < out; ++o) {
    for (std::size_t i = 0; i < in; ++i) {
      for (std::size_t t = 0; t < taps; ++t) {
        const float value = w[(o * in + i) * taps + t] * factor[o];
        ordered[depthwise ? t * out + o : (o * taps + t) * in + i] = value;
      }
    }
  }
  if (depthwise) {
    result.main.depthwise = std::move(ordered);
  } else {
    result.main.matrix = packed(kernels_, ordered, out);
  }
  return result;
}

void SiameseCnn::activate(CnnActivation activation, float* x, std::size_t rows,
                          std::size_t width) const {
  switch (activation) {
    case CnnActivation::kRelu:
      return kernels_.activate(Activation::kRelu, x, rows, width, width);
    case CnnActivation::kRelu6:
      return kernels_.activate(Activation::kRelu6, x, rows, width, width);
    case CnnActivation::kHardSwish:
      return kernels_.activate(Activation::kHardSwish, x, rows, width, width);
    case CnnActivation::kNone:
      return;
  }
}

SiameseCnn::Rows SiameseCnn::convolve(const Step& step, SitePath& path, const Rows& x) const {
  const CnnStep& what = step.what;
  const auto out = static_cast<std::size_t>(what.out);
  const auto in = static_cast<std::size_t>(what.in);
  const auto taps = static_cast<std::size_t>(what.window.taps());
  Rows y;
  if (what.kind == CnnStep::Kind::kDepthwise) {
    const std::vector<std::int32_t>& table = path.through(what.window);
    const std::size_t rows = path.sites().rows();
    y.resize(rows * out);
    kernels_.depthwise(x.data(), table.data(), rows, taps, step.main.depthwise.data(),
                       step.main.bias.data(), out, y.data());
    activate(what.activation, y.data(), rows, out);
    return y;
  }
  const float* from = x.data();
  Rows gathered;
  if (!what.window.is_point()) {
    const std::vector<std::int32_t>& table = path.through(what.window);
    gathered.resize(table.size() * in);
    for (std::size_t i = 0; i < table.size(); ++i) {
      float* to = gathered.data() + i * in;
      if (table[i] < 0) {
        std::fill_n(to, in, 0.0F);
      } else {
        std::memcpy(to, x.data() + static_cast<std::size_t>(table[i]) * in, in * sizeof(float));
      }
    }
    from = gathered.data();
  }
  const std::size_t rows = path.sites().rows();
  y.resize(rows * out);
  if (rows > 0) {
    kernels_.linear(step.main.matrix, step.main.bias.data(), from, rows, taps * in, y.data(), out);
  }
  activate(what.activation, y.data(), rows, out);
  return y;
}

void SiameseCnn::squeeze(const Step& step, const Sites& sites, Rows& x) const {
  const auto width = static_cast<std::size_t>(step.what.in);
  const auto reduced = static_cast<std::size_t>(step.what.reduced);
  std::vector<float> narrow(reduced);
  std::vector<float> gate(width);
  for (const Sites::Map& map : sites.maps) {
    const std::vector<float> mean = mean_over(map, x.data(), width);
    kernels_.linear(step.main.matrix, step.main.bias.data(), mean.data(), 1, width, narrow.data(),
                    reduced);
    activate(CnnActivation::kRelu, narrow.data(), 1, reduced);
    kernels_.linear(step.second.matrix, step.second.bias.data(), narrow.data(), 1, reduced,
                    gate.data(), width);
    for (float& g : gate) g = std::min(std::max(g + 3.0F, 0.0F), 6.0F) / 6.0F;
    for (std::size_t r = map.first; r < map.first + map.count; ++r) {
      for (std::size_t c = 0; c < width; ++c) x[r * width + c] *= gate[c];
    }
  }
}

SiameseCnn::Rows SiameseCnn::through(const std::vector<Step>& steps, SitePath& path, Rows x) const {
  Rows saved;
  for (const Step& step : steps) {
    const auto width = static_cast<std::size_t>(step.what.in);
    switch (step.what.kind) {
      case CnnStep::Kind::kConv:
      case CnnStep::Kind::kDepthwise:
        x = convolve(step, path, x);
        break;
      case CnnStep::Kind::kSqueeze:
        squeeze(step, path.sites(), x);
        break;
      case CnnStep::Kind::kMaxPool: {
        const std::vector<std::int32_t>& table = path.through(step.what.window);
        const auto taps = static_cast<std::size_t>(step.what.window.taps());
        Rows y(path.sites().rows() * width);
        for (std::size_t r = 0; r < path.sites().rows(); ++r) {
          bool any = false;
          for (std::size_t t = 0; t < taps; ++t) {
            if (table[r * taps + t] < 0) continue;
            const float* in = x.data() + static_cast<std::size_t>(table[r * taps + t]) * width;
            for (std::size_t c = 0; c < width; ++c) {
              y[r * width + c] = any ? std::max(y[r * width + c], in[c]) : in[c];
            }
            any = true;
          }
        }
        x = std::move(y);
        break;
      }
      case CnnStep::Kind::kSave:
        saved.resize(x.size());
        std::copy_n(x.data(), x.size(), saved.data());
        break;
      case CnnStep::Kind::kAdd:
        for (std::size_t i = 0; i < x.size(); ++i) x[i] += saved[i];
        break;
      case CnnStep::Kind::kDropout:
        break;
    }
  }
  return x;
}

SiameseCnn::Rows SiameseCnn::join(const Sites& sites, const Rows& x, std::size_t views,
                                  Sites* joined) const {
  std::vector<std::int32_t> table;
  *joined = unite(sites, std::span(&views, 1), &table);
  const std::size_t rows = joined->rows();
  const std::size_t width = sites.rows() == 0 ? 0 : x.size() / sites.rows();
  const bool concat = config_.join == CnnConfig::Join::kConcat;
  const std::size_t out = concat ? views * width : 2 * width;
  Rows y(rows * out);
  y.fill(0.0F);
  for (std::size_t r = 0; r < rows; ++r) {
    float* to = y.data() + r * out;
    bool any = false;
    for (std::size_t v = 0; v < views; ++v) {
      if (table[r * views + v] < 0) continue;
      const float* in = x.data() + static_cast<std::size_t>(table[r * views + v]) * width;
      if (concat) {
        std::copy_n(in, width, to + v * width);
        continue;
      }
      for (std::size_t c = 0; c < width; ++c) {
        to[c] += in[c];
        to[width + c] = any ? std::max(to[width + c], in[c]) : in[c];
      }
      any = true;
    }
    if (concat) continue;
    for (std::size_t c = 0; c < width; ++c) to[c] /= static_cast<float>(views);
  }
  return y;
}

SiameseCnn::Features SiameseCnn::features(std::span<const ChargeMap> views) const {
  std::vector<const ChargeMap*> maps;
  for (const ChargeMap& view : views) maps.push_back(&view);
  std::vector<float> values;
  SitePath path(batch_of(maps, &values));
  Rows x(values.size());
  std::copy(values.begin(), values.end(), x.data());
  x = through(branch_, path, std::move(x));
  Sites joined;
  x = join(path.sites(), x, views.size(), &joined);
  SitePath last(std::move(joined));
  Features result;
  result.rows = through(trunk_, last, std::move(x));
  result.sites = last.sites();
  return result;
}

std::vector<std::vector<float>> SiameseCnn::head(const std::vector<float>& mean) const {
  std::vector<std::vector<float>> outputs;
  std::vector<float> x = mean;
  for (std::size_t i = 0; i < head_.size(); ++i) {
    const auto out = static_cast<std::size_t>(config_.head[i].out);
    std::vector<float> y(out);
    kernels_.linear(head_[i].matrix, head_[i].bias.data(), x.data(), 1, x.size(), y.data(), out);
    outputs.push_back(y);
    activate(config_.head[i].activation, y.data(), 1, out);
    x = std::move(y);
  }
  return outputs;
}

std::vector<float> SiameseCnn::pooled(std::span<const ChargeMap> views) const {
  const Features last = features(views);
  const auto width = static_cast<std::size_t>(config_.head.front().in);
  return mean_over(last.sites.maps.at(0), last.rows.data(), width);
}

std::vector<float> SiameseCnn::logits_of(const std::vector<float>& pooled) const {
  return head(pooled).back();
}

Network::ClassMap SiameseCnn::class_map(std::span<const ChargeMap> views,
                                        std::size_t class_index) const {
  const Features last = features(views);
  const auto width = static_cast<std::size_t>(config_.head.front().in);
  const Sites::Map& map = last.sites.maps.at(0);
  const auto outputs = head(mean_over(map, last.rows.data(), width));
  // The gradient of the logit, back through the head to the mean feature.
  std::vector<float> gradient(config_.classes.size(), 0.0F);
  gradient.at(class_index) = 1.0F;
  for (std::size_t i = head_.size(); i-- > 0;) {
    const auto in = static_cast<std::size_t>(config_.head[i].in);
    std::vector<float> below(in, 0.0F);
    for (std::size_t o = 0; o < gradient.size(); ++o) {
      const float own = gradient[o] * slope(config_.head[i].activation, outputs[i][o]);
      for (std::size_t c = 0; c < in; ++c) below[c] += own * head_weights_[i][o * in + c];
    }
    gradient = std::move(below);
  }
  ClassMap result{map.height, map.width, {}};
  result.values.assign(static_cast<std::size_t>(map.height) * map.width, 0.0F);
  for (std::size_t r = 0; r < map.count; ++r) {
    const float* row = last.rows.data() + (map.first + r) * width;
    const float value = std::inner_product(gradient.begin(), gradient.end(), row, 0.0F);
    result.values[static_cast<std::size_t>(last.sites.places[map.first + r])] =
        std::max(0.0F, value);
  }
  return result;
}

}  // namespace firstlight::nn
