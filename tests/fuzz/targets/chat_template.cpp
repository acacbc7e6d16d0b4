#include "firstlight/nn/chat_template.h"

#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace firstlight;
  static const std::vector<nn::ChatMessage> messages = {
      {"system", {{PromptPart::Kind::kText, "be brief"}}},
      {"user", {{PromptPart::Kind::kImage, "view"}, {PromptPart::Kind::kText, "which <s>?"}}}};
  return fuzz::refused_or_used([&] {
    const auto parsed = nn::ChatTemplate::parse(std::string(fuzz::text_of(data, size)), "input");
    parsed.render(messages, true, {{"bos_token", "<s>"}});
  });
}
