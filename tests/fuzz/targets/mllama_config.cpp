#include "firstlight/nn/config.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace firstlight;
  return fuzz::refused_or_used([&] {
    const nn::MllamaConfig c = nn::parse_mllama_config(fuzz::text_of(data, size), "input");
    fuzz::require(c.vision.hidden_size > 0 && c.vision.grid() > 0 && c.vision.features() > 0);
    fuzz::require(c.text.cross_attends() && c.text.heads % c.text.key_value_heads == 0);
    for (const std::int64_t layer : c.text.cross_attention_layers) {
      fuzz::require(layer >= 0 && layer < c.text.layers);
    }
    for (const std::int64_t layer : c.vision.intermediate_layers) {
      fuzz::require(layer >= 0 && layer < c.vision.layers);
    }
  });
}
