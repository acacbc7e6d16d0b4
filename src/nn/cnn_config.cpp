#include "firstlight/nn/cnn_config.h"

#include <algorithm>

#include "network_config.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

constexpr std::int64_t kMaxWidth = 1 << 16;

CnnActivation read_cnn_activation(const JsonReader& r, const char* key, const char* fallback) {
  const std::string name = r.string(key, fallback);
  if (name == "none") return CnnActivation::kNone;
  if (name == "relu") return CnnActivation::kRelu;
  if (name == "relu6") return CnnActivation::kRelu6;
  if (name == "hard_swish") return CnnActivation::kHardSwish;
  throw r.error(key, "is '" + name + "'; none, relu, relu6 and hard_swish are supported");
}

/// As MobileNet rounds widths: to a multiple of 8, not more than a tenth below.
std::int64_t divisible_by_8(std::int64_t width) {
  const std::int64_t rounded = std::max<std::int64_t>(8, (width + 4) / 8 * 8);
  return rounded * 10 < width * 9 ? rounded + 8 : rounded;
}

/// Turns the layers of a file into steps.
class StepReader {
 public:
  StepReader(std::string origin, std::string prefix, std::int64_t channels)
      : origin_(std::move(origin)), prefix_(std::move(prefix)), channels_(channels) {}

  std::vector<CnnStep> read(const json& layers) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::string name = prefix_ + "." + std::to_string(i);
      if (!layers[i].is_object()) throw Error::input(origin_, name + " must be a layer");
      const JsonReader r(layers[i], origin_, name + ".");
      const std::string type = r.string("type", "");
      if (type == "conv") {
        conv(layers[i], r, name);
      } else if (type == "inverted_residual") {
        inverted_residual(layers[i], r, name);
      } else if (type == "max_pool") {
        require_known(layers[i], r, {"type", "kernel", "stride", "pad"});
        add(CnnStep::Kind::kMaxPool, name, window(r, 2), channels_);
      } else if (type == "dropout") {
        require_known(layers[i], r, {"type", "rate"});
        add(CnnStep::Kind::kDropout, name, {}, channels_).rate = read_rate(r, "rate");
      } else {
        throw r.error("type", "is '" + type +
                                  "'; conv, inverted_residual, max_pool and dropout are supported");
      }
    }
    return std::move(steps_);
  }

  std::int64_t channels() const { return channels_; }

 private:
  static Window window(const JsonReader& r, std::int64_t kernel) {
    Window w;
    w.kernel = static_cast<int>(r.integer("kernel", kernel, 1, 64));
    w.stride = static_cast<int>(r.integer("stride", 1, 1, 64));
    w.pad = static_cast<int>(r.integer("pad", w.kernel % 2 == 1 ? w.kernel / 2 : 0, 0, 63));
    return w;
  }

  static std::int64_t width(const JsonReader& r, const char* key) {
    if (!r.has(key)) throw r.error(key, "is missing");
    return r.integer(key, 0, 1, kMaxWidth);
  }

  CnnStep& add(CnnStep::Kind kind, std::string name, const Window& window, std::int64_t out) {
    CnnStep step;
    step.kind = kind;
    step.name = std::move(name);
    step.window = window;
    step.in = channels_;
    step.out = out;
    channels_ = out;
    steps_.push_back(std::move(step));
    return steps_.back();
  }

  void conv(const json& layer, const JsonReader& r, const std::string& name) {
    require_known(layer, r, {"type", "kernel", "stride", "pad", "out", "norm", "activation"});
    CnnStep& step = add(CnnStep::Kind::kConv, name, window(r, 3), width(r, "out"));
    step.norm = r.boolean("norm", true);
    step.activation = read_cnn_activation(r, "activation", "relu6");
  }

  void inverted_residual(const json& layer, const JsonReader& r, const std::string& name) {
    require_known(layer, r,
                  {"type", "kernel", "stride", "pad", "expand", "out", "squeeze", "activation"});
    const Window w = window(r, 3);
    const std::int64_t in = channels_;
    const std::int64_t expand = r.integer("expand", in, 1, kMaxWidth);
    const std::int64_t out = width(r, "out");
    const CnnActivation activation = read_cnn_activation(r, "activation", "relu6");
    const bool residual = w.stride == 1 && w.kernel == 2 * w.pad + 1 && in == out;
    if (residual) add(CnnStep::Kind::kSave, name, {}, in);
    if (expand != in) {
      add(CnnStep::Kind::kConv, name + ".expand", {}, expand).activation = activation;
    }
    add(CnnStep::Kind::kDepthwise, name + ".depthwise", w, expand).activation = activation;
    if (r.boolean("squeeze", false)) {
      add(CnnStep::Kind::kSqueeze, name + ".squeeze", {}, expand).reduced =
          divisible_by_8(expand / 4);
    }
    add(CnnStep::Kind::kConv, name + ".project", {}, out);
    if (residual) add(CnnStep::Kind::kAdd, name, {}, out);
  }

  std::string origin_;
  std::string prefix_;
  std::int64_t channels_;
  std::vector<CnnStep> steps_;
};

const json& list(const JsonReader& r, const char* key) {
  const json* value = r.find(key);
  if (value == nullptr || !value->is_array()) throw r.error(key, "must be a list of layers");
  if (value->size() > 256) throw r.error(key, "has more than 256 layers");
  return *value;
}

void read_head(const JsonReader& root, const std::string& origin, std::int64_t channels,
               CnnConfig& config) {
  const json object = root.has("head") ? *root.find("head") : json::object();
  if (!object.is_object()) throw root.error("head", "must be an object");
  const JsonReader r(object, origin, "head.");
  require_known(object, r, {"hidden", "activation", "dropout"});
  const json* hidden = r.find("hidden");
  if (hidden != nullptr && !hidden->is_array()) throw r.error("hidden", "must be a list of widths");
  std::vector<std::int64_t> widths;
  for (const json& width : hidden == nullptr ? json::array() : *hidden) {
    if (!width.is_number_integer() || width.get<double>() < 1 ||
        width.get<double>() > static_cast<double>(kMaxWidth)) {
      throw r.error("hidden", "must be a list of widths");
    }
    widths.push_back(width.get<std::int64_t>());
  }
  const CnnActivation activation = read_cnn_activation(r, "activation", "hard_swish");
  config.head_dropout = read_rate(r, "dropout");
  for (std::size_t i = 0; i <= widths.size(); ++i) {
    const bool last = i == widths.size();
    const std::int64_t out = last ? static_cast<std::int64_t>(config.classes.size()) : widths[i];
    config.head.push_back(
        {"head." + std::to_string(i), channels, out, last ? CnnActivation::kNone : activation});
    channels = out;
  }
}

}  // namespace

CnnConfig parse_cnn_config(std::string_view text, const std::string& origin) {
  const json object = parse_object(text, origin);
  const JsonReader r(object, origin);
  const std::string type = r.string("model_type", "");
  if (type != "siamese_cnn") {
    throw r.error("model_type", "is '" + type + "'; siamese_cnn is what this reads");
  }
  require_known(object, r,
                {"model_type", "classes", "task", "input", "join", "views", "branch", "trunk",
                 "head", "norm_eps"});
  CnnConfig config;
  config.json = std::string(text);
  config.classes = read_network_classes(r);
  config.task = r.string("task", "");
  config.input = read_site_input(r);
  config.views = static_cast<int>(r.integer("views", 0, 0, 16));
  const std::string join = r.string("join", "mean_max");
  if (join != "concat" && join != "mean_max") {
    throw r.error("join", "is '" + join + "'; concat and mean_max are supported");
  }
  config.join = join == "concat" ? CnnConfig::Join::kConcat : CnnConfig::Join::kMeanMax;
  if (config.join == CnnConfig::Join::kConcat && config.views == 0) {
    throw r.error("views", "must say how many views are joined by concat");
  }
  config.norm_eps = r.number("norm_eps", config.norm_eps);
  if (config.norm_eps <= 0) throw r.error("norm_eps", "must be above 0");
  StepReader branch(origin, "branch", config.input.channels);
  config.branch = branch.read(list(r, "branch"));
  const std::int64_t joined =
      branch.channels() * (config.join == CnnConfig::Join::kConcat ? config.views : 2);
  StepReader trunk(origin, "trunk", joined);
  config.trunk = trunk.read(list(r, "trunk"));
  read_head(r, origin, trunk.channels(), config);
  return config;
}

CnnConfig read_cnn_config(const std::string& folder) {
  return read_trained(folder, parse_cnn_config);
}

std::vector<NamedTensor> CnnConfig::tensors() const {
  using Kind = NamedTensor::Kind;
  std::vector<NamedTensor> list;
  const auto norm = [&](const std::string& name, std::int64_t width) {
    list.push_back({name + ".norm.weight", {width}, Kind::kNormWeight});
    list.push_back({name + ".norm.bias", {width}, Kind::kNormBias});
    list.push_back({name + ".norm.running_mean", {width}, Kind::kRunningMean});
    list.push_back({name + ".norm.running_var", {width}, Kind::kRunningVar});
  };
  const auto biased = [&](const std::string& name, std::vector<std::int64_t> shape) {
    const std::int64_t width = shape[0];
    list.push_back({name + ".weight", std::move(shape), Kind::kMatrix});
    list.push_back({name + ".bias", {width}, Kind::kBias});
  };
  for (const std::vector<CnnStep>* steps : {&branch, &trunk}) {
    for (const CnnStep& step : *steps) {
      const std::int64_t k = step.window.kernel;
      if (step.kind == CnnStep::Kind::kConv) {
        if (step.norm) {
          list.push_back({step.name + ".weight", {step.out, step.in, k, k}, Kind::kMatrix});
          norm(step.name, step.out);
        } else {
          biased(step.name, {step.out, step.in, k, k});
        }
      } else if (step.kind == CnnStep::Kind::kDepthwise) {
        list.push_back({step.name + ".weight", {step.in, 1, k, k}, Kind::kMatrix});
        norm(step.name, step.in);
      } else if (step.kind == CnnStep::Kind::kSqueeze) {
        biased(step.name + ".reduce", {step.reduced, step.in});
        biased(step.name + ".expand", {step.in, step.reduced});
      }
    }
  }
  for (const HeadLayer& layer : head) biased(layer.name, {layer.out, layer.in});
  return list;
}

}  // namespace firstlight::nn
