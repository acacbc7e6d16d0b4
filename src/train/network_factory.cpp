#include "network_factory.h"

#include <filesystem>
#include <map>

#include "firstlight/aten/cnn.h"
#include "firstlight/aten/vit.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/nn/cnn_config.h"
#include "firstlight/nn/config.h"
#include "firstlight/nn/network.h"
#include "firstlight/nn/safetensors.h"
#include "firstlight/nn/vit_config.h"
#include "mllama_start.h"

namespace firstlight::train {

NewNetwork make_network(const std::string& architecture, const std::string& model_type,
                        const std::vector<std::string>& classes, const std::string& task,
                        std::uint64_t seed) {
  NewNetwork result;
  result.model_type = model_type;
  const std::string text = text::read_file(architecture);
  if (model_type == "vit") {
    nn::parse_vit_config(text, architecture);
    result.config = nn::finished_network_config(text, classes, task);
    const nn::VitConfig config = nn::parse_vit_config(result.config, architecture);
    result.input = config.input;
    result.network = std::make_unique<aten::Vit>(config, seed);
    return result;
  }
  nn::parse_cnn_config(text, architecture);
  result.config = nn::finished_network_config(text, classes, task);
  const nn::CnnConfig config = nn::parse_cnn_config(result.config, architecture);
  result.input = config.input;
  result.views = config.join == nn::CnnConfig::Join::kConcat ? config.views : 0;
  result.network = std::make_unique<aten::SiameseCnn>(config, seed);
  return result;
}

void start_from_folder(const std::string& folder, NewNetwork& made,
                       const std::vector<std::string>& classes) {
  aten::Network& network = *made.network;
  const std::string type = nn::read_model_type(folder);
  if (type == "mllama") {
    if (made.model_type != "vit") {
      throw Error::usage(folder, "has a vision transformer; train vit can start from it");
    }
    network.tensors().import(
        mllama_tower_tensors(folder, nn::parse_vit_config(made.config, "config.json")),
        network.last_layer());
    return;
  }
  const nn::Weights weights = nn::Weights::open(folder);
  std::map<std::string, torch::Tensor> tensors;
  for (const std::string& name : weights.names()) {
    const nn::TensorView* view = weights.find(name);
    tensors.emplace(name, torch::tensor(view->to_f32()).view(view->shape));
  }
  const auto known =
      type == "vit" ? nn::read_vit_config(folder).classes : nn::read_cnn_config(folder).classes;
  network.tensors().import(tensors, known == classes ? "" : network.last_layer());
}

void write_network_folder(const std::string& folder, aten::Network& network,
                          const std::string& config) {
  std::filesystem::create_directories(folder);
  const auto tensors = network.tensors().exported();
  std::vector<nn::TensorToWrite> list;
  for (const auto& [name, tensor] : tensors) {
    list.push_back({name, nn::Dtype::kF32, tensor.sizes().vec(), tensor.data_ptr()});
  }
  nn::write_safetensors(folder + "/model.safetensors", list, {{"format", "pt"}});
  text::write_file_atomically(folder + "/config.json", config);
}

}  // namespace firstlight::train
