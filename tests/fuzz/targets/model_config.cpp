#include "firstlight/nn/config.h"
#include "target.h"

namespace {

using namespace firstlight;

void llava(std::string_view text) {
  const nn::LlavaConfig c = nn::parse_llava_config(text, "input");
  fuzz::require(c.vision.hidden_size > 0 && c.vision.grid() > 0 && c.image_tokens() >= 0);
  fuzz::require(c.text.hidden_size > 0 && c.text.heads % c.text.key_value_heads == 0);
  fuzz::require(!c.feature_layers.empty() && !c.text.eos_token_ids.empty());
  if (c.text.head_size > 4096) return;
  for (const std::int64_t length : {std::int64_t{1}, c.text.max_positions + 1}) {
    fuzz::require(c.text.rope.inverse_frequencies(c.text.head_size, length).size() ==
                  static_cast<std::size_t>(c.text.head_size / 2));
  }
}

void mllama(std::string_view text) {
  const nn::MllamaConfig c = nn::parse_mllama_config(text, "input");
  fuzz::require(c.vision.hidden_size > 0 && c.vision.grid() > 0 && c.vision.features() > 0);
  fuzz::require(c.text.cross_attends() && c.text.heads % c.text.key_value_heads == 0);
  for (const std::int64_t layer : c.text.cross_attention_layers) {
    fuzz::require(layer >= 0 && layer < c.text.layers);
  }
  for (const std::int64_t layer : c.vision.intermediate_layers) {
    fuzz::require(layer >= 0 && layer < c.vision.layers);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  // By the model type, as a folder is opened.
  const bool is_mllama = text.find("\"mllama\"") != std::string_view::npos;
  return fuzz::refused_or_used([&] { is_mllama ? mllama(text) : llava(text); });
}
