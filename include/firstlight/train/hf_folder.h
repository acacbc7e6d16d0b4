#pragma once

#include <string>

#include "firstlight/train/recipe.h"

namespace firstlight::aten {
class Llava;
}

namespace firstlight::train {

/// Writes the model as a Hugging Face folder that transformers' LlavaForConditionalGeneration and
/// AutoProcessor load: config.json, model.safetensors (bf16), tokenizer, chat template, processor.
/// Throws Error::internal where the folder cannot be written.
void write_hf_folder(const aten::Llava& model, const Recipe& recipe, const std::string& folder);
/// Reads the weights of such a folder. Throws Error::input where they do not fit the model's shape.
void read_hf_weights(const std::string& folder, aten::Llava& model);

}  // namespace firstlight::train
