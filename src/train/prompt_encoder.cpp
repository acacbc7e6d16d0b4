#include <algorithm>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/train/batch.h"

namespace firstlight::train {

PromptEncoder::PromptEncoder(const Recipe& recipe)
    : tokenizer_(nn::Tokenizer::from_file(recipe.folder + "/" + recipe.tokenizer)),
      template_(nn::ChatTemplate::parse(text::read_file(recipe.folder + "/" + recipe.chat_template),
                                        recipe.folder + "/" + recipe.chat_template)) {
  special_ = find_special_tokens(tokenizer_, recipe.folder + "/" + recipe.tokenizer);
}

PromptEncoder::Prompt PromptEncoder::encode(const RenderedPrompt& rendered) const {
  std::string text;
  if (!rendered.literal.empty()) {
    for (const PromptPart& part : rendered.literal) {
      text += part.kind == PromptPart::Kind::kImage ? special_.image.text : part.text;
    }
  } else {
    std::vector<nn::ChatMessage> messages;
    if (!rendered.system.empty()) {
      messages.push_back({"system", {{PromptPart::Kind::kText, rendered.system}}});
    }
    messages.push_back({"user", rendered.user});
    text = template_.render(messages, true,
                            {{"bos_token", special_.begin.text}, {"eos_token", special_.end.text}});
  }
  const auto ids = tokenizer_.encode(text, true);
  const auto image = std::find(ids.begin(), ids.end(), special_.image.id);
  if (image == ids.end() || std::find(image + 1, ids.end(), special_.image.id) != ids.end()) {
    throw Error::usage("training", "a prompt must hold one image");
  }
  return {{ids.begin(), image}, {image + 1, ids.end()}};
}

PromptEncoder::Answer PromptEncoder::encode_answer(const std::string& answer) const {
  auto ids = tokenizer_.encode(" " + answer, false);
  ids.push_back(special_.end.id);
  return ids;
}

}  // namespace firstlight::train
