#include <cmath>

#include "firstlight/nn/config.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace firstlight;
  return fuzz::refused_or_used([&] {
    const nn::LlavaConfig c = nn::parse_llava_config(fuzz::text_of(data, size), "input");
    fuzz::require(c.vision.hidden_size > 0 && c.vision.grid() > 0 && c.image_tokens() >= 0);
    fuzz::require(c.text.hidden_size > 0 && c.text.heads % c.text.key_value_heads == 0);
    fuzz::require(!c.feature_layers.empty() && !c.text.eos_token_ids.empty());
    if (c.text.head_size > 4096) return;
    for (const std::int64_t length : {std::int64_t{1}, c.text.max_positions + 1}) {
      fuzz::require(c.text.rope.inverse_frequencies(c.text.head_size, length).size() ==
                    static_cast<std::size_t>(c.text.head_size / 2));
    }
  });
}
