#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace firstlight::nn {

/// A tensor of a random checkpoint.
struct SynthTensor {
  enum class Kind {
    kLinear,  ///< weights of a linear layer: may be written in 4 bits
    kNorm,    ///< around 1
    kOther,   ///< around 0
  };
  std::string name;
  std::vector<std::int64_t> shape;
  Kind kind = Kind::kOther;
  float spread = 0.0f;  ///< standard deviation
};

/// Everything of a folder but the numbers.
struct SynthShape {
  nlohmann::ordered_json config, processor, tokenizer_config;
  std::string chat_template;
  std::vector<std::pair<std::string, std::int64_t>> special_tokens;  ///< ascending ids
  std::vector<SynthTensor> tensors;
};

/// The shape of llava-hf/llava-v1.6-mistral-7b-hf with heads, widths and layers times `scale`.
SynthShape llava_next_shape(double scale);
/// The same of meta-llama/Llama-3.2-11B-Vision-Instruct.
SynthShape mllama_shape(double scale);

}  // namespace firstlight::nn
