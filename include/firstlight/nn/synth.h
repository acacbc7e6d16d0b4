#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "firstlight/nn/quantization.h"

namespace firstlight::nn {

/// A checkpoint with random weights in the shape of a published model, for measurements of time and
/// memory.
struct SynthOptions {
  std::string like;    ///< one of synth_shapes()
  double scale = 1.0;  ///< of heads, widths and layers, (0, 1]; heads, tiles and vocabulary keep
                       ///< their size
  std::uint64_t seed = 0;
  std::optional<QuantizeOptions> quant;  ///< linear layers in 4 bits from the start, else bf16
};

/// "llava-v1.6-mistral-7b", "llama-3.2-11b-vision".
std::vector<std::string> synth_shapes();

/// Writes a folder that firstlight and transformers open: configuration, processor, a tokeniser of
/// bytes with the model's special tokens at their places, weights in one file. Weights are written
/// as they are drawn, so memory holds one matrix at most. Throws Error::usage for an unknown shape,
/// a scale outside (0, 1] or a folder that holds a model already.
void synthesize(const std::string& out, const SynthOptions& options);

}  // namespace firstlight::nn
