#include "firstlight/nn/tokenizer.h"

#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace firstlight;
  return fuzz::refused_or_used([&] {
    const auto tokenizer = nn::Tokenizer::from_json(fuzz::text_of(data, size), "input");
    for (const char* text : {"<s>  Ab 12'll <image>\n\xC3\xA9\xE9\x8A\x80 \xFF\xF0\x9F\x94\xAD "
                             "e\xCC\x81 </s><|eot_id|>",
                             "", " ", "galaxy"}) {
      fuzz::refused_or_used([&] {
        const std::vector<std::int32_t> ids = tokenizer.encode(text, true);
        for (const std::int32_t id : ids) fuzz::require(tokenizer.has_id(id));
        tokenizer.decode(ids, true);
      });
    }
  });
}
