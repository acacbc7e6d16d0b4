#pragma once

#include <torch/types.h>

#include <map>
#include <string>

#include "firstlight/nn/vit_config.h"

namespace firstlight::train {

/// The local layers of the vision tower in a Llama 3.2 Vision folder, as tensors of a `vit` of its
/// shape (patch size, hidden size, heads, width of the perceptron; any number of its layers, at
/// most as many positions): what a picture of one tile goes through up to `layernorm_post`. The
/// processor's normalisation is folded into the patch embedding, the first tile's embeddings into
/// biases and positions; the gated global layers have no place in a plain transformer. The head is
/// not among them. Throws Error::usage where the shapes do not fit, Error::input for a bad folder.
std::map<std::string, torch::Tensor> mllama_tower_tensors(const std::string& folder,
                                                          const nn::VitConfig& config);

}  // namespace firstlight::train
