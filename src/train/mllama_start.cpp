#include "mllama_start.h"

#include <array>
#include <cmath>

#include "firstlight/base/error.h"
#include "firstlight/nn/config.h"
#include "firstlight/nn/safetensors.h"

namespace firstlight::train {
namespace {

using torch::Tensor;

/// Mean and deviation of the model's image processor, red, green and blue.
constexpr std::array<float, 3> kMean = {0.48145466F, 0.4578275F, 0.40821073F};
constexpr std::array<float, 3> kDeviation = {0.26862954F, 0.26130258F, 0.27577711F};
/// Of a single tile among the layouts of tiles.
constexpr std::int64_t kOneTile = 1;

class Tower {
 public:
  explicit Tower(const std::string& folder) : weights_(nn::Weights::open(folder)) {
    for (const char* prefix : {"vision_model.", "model.vision_model."}) {
      if (weights_.find(std::string(prefix) + "class_embedding") != nullptr) prefix_ = prefix;
    }
    if (prefix_.empty()) throw Error::input(folder, "holds no vision tower");
  }
  Tensor at(const std::string& name) const {
    const nn::TensorView* view = weights_.find(prefix_ + name);
    if (view == nullptr) throw Error::input(weights_.folder(), prefix_ + name + " is missing");
    return torch::tensor(view->to_f32()).view(view->shape);
  }

 private:
  nn::Weights weights_;
  std::string prefix_;
};

void check_shape(const std::string& folder, const nn::MllamaVisionConfig& tower,
                 const nn::VitConfig& config) {
  const auto fits = [&](const char* key, std::int64_t own, std::int64_t wanted) {
    if (own == wanted) return;
    throw Error::usage(folder, std::string("its vision tower has ") + key + " " +
                                   std::to_string(wanted) + ", the architecture " +
                                   std::to_string(own));
  };
  fits("patch_size", config.patch_size, tower.patch_size);
  fits("hidden_size", config.hidden_size, tower.hidden_size);
  fits("heads", config.heads, tower.heads);
  fits("mlp_size", config.mlp_size, tower.intermediate_size);
  if (config.layers > tower.layers || config.grid > tower.grid()) {
    throw Error::usage(folder, "its vision tower has " + std::to_string(tower.layers) +
                                   " layers and " + std::to_string(tower.grid()) +
                                   " positions each way, fewer than the architecture");
  }
}

/// Rows of the first config.grid x config.grid positions, the class token's before them.
Tensor crop_positions(const Tensor& table, std::int64_t grid, std::int64_t wanted) {
  const std::int64_t h = table.size(1);
  const Tensor places = table.narrow(0, 1, grid * grid).view({grid, grid, h});
  return at::cat(
      {table.narrow(0, 0, 1), places.narrow(0, 0, wanted).narrow(1, 0, wanted).reshape({-1, h})});
}

}  // namespace

std::map<std::string, Tensor> mllama_tower_tensors(const std::string& folder,
                                                   const nn::VitConfig& config) {
  const nn::MllamaVisionConfig shape = nn::read_mllama_config(folder).vision;
  check_shape(folder, shape, config);
  const Tower tower(folder);
  const std::int64_t h = shape.hidden_size;
  std::map<std::string, Tensor> tensors;

  // Charge c becomes the grey level c, or 1 - c where maps are dark on white.
  const Tensor mean = torch::tensor({kMean[0], kMean[1], kMean[2]}).view({1, 3, 1, 1});
  const Tensor deviation =
      torch::tensor({kDeviation[0], kDeviation[1], kDeviation[2]}).view({1, 3, 1, 1});
  const Tensor patch = tower.at("patch_embedding.weight") / deviation;
  const double sign = config.input.inverted ? -1.0 : 1.0;
  const Tensor offset = config.input.inverted ? 1 - mean : -mean;
  const Tensor grey = config.input.channels == 1 ? patch.sum(1, true) : patch;
  tensors["patch.weight"] = sign * grey;
  const Tensor before =
      tower.at("pre_tile_positional_embedding.gate").tanh() *
      tower.at("pre_tile_positional_embedding.embedding.weight")[kOneTile].narrow(0, 0, h);
  tensors["patch.bias"] = (patch * offset).sum({1, 2, 3}) + before;
  tensors["class_token"] = tower.at("class_embedding");
  const Tensor gate = tower.at("gated_positional_embedding.gate").tanh();
  const Tensor tile = tower.at("gated_positional_embedding.tile_embedding.weight")[kOneTile]
                          .narrow(0, 0, shape.positions() * h)
                          .view({shape.positions(), h});
  tensors["position"] =
      crop_positions((1 - gate) * tower.at("gated_positional_embedding.embedding") + gate * tile,
                     shape.grid(), config.grid);
  const auto norm = [&](const std::string& to, const std::string& from) {
    tensors[to + ".weight"] = tower.at(from + ".weight");
    tensors[to + ".bias"] = tower.at(from + ".bias");
  };
  norm("pre_norm", "layernorm_pre");
  norm("norm", "layernorm_post");
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string to = "layers." + std::to_string(i) + ".";
    const std::string from = "transformer." + to;
    norm(to + "norm1", from + "input_layernorm");
    norm(to + "norm2", from + "post_attention_layernorm");
    tensors[to + "query_key_value.weight"] = at::cat({tower.at(from + "self_attn.q_proj.weight"),
                                                      tower.at(from + "self_attn.k_proj.weight"),
                                                      tower.at(from + "self_attn.v_proj.weight")});
    tensors[to + "query_key_value.bias"] = torch::zeros({3 * h});
    tensors[to + "out.weight"] = tower.at(from + "self_attn.o_proj.weight");
    tensors[to + "out.bias"] = torch::zeros({h});
    norm(to + "fc1", from + "mlp.fc1");
    norm(to + "fc2", from + "mlp.fc2");
  }
  return tensors;
}

}  // namespace firstlight::train
