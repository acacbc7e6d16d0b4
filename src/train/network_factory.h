#pragma once

#include <memory>
#include <string>
#include <vector>

#include "firstlight/aten/network.h"

namespace firstlight::train {

/// A network to be trained, with what its folder will say.
struct NewNetwork {
  std::unique_ptr<aten::Network> network;
  nn::SiteInput input;
  int views = 0;           ///< how many a sample must have; 0 = any number
  std::string model_type;  ///< siamese_cnn or vit
  std::string config;      ///< text of config.json
};

/// From an architecture's file. Throws Error::usage where it is of another type than `model_type`.
NewNetwork make_network(const std::string& architecture, const std::string& model_type,
                        const std::vector<std::string>& classes, const std::string& task,
                        std::uint64_t seed);

/// The weights of a model folder into the network; the last layer stays where the folder has other
/// classes. A ViT may also start from a folder of Llama 3.2 Vision.
void start_from_folder(const std::string& folder, NewNetwork& made,
                       const std::vector<std::string>& classes);

/// Writes config.json and model.safetensors (f32).
void write_network_folder(const std::string& folder, aten::Network& network,
                          const std::string& config);

}  // namespace firstlight::train
