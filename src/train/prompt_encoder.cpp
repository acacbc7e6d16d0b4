#include <algorithm>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/train/batch.h"

namespace firstlight::train {
namespace {

std::int32_t special(const nn::Tokenizer& tokenizer, const std::string& token,
                     const std::string& origin) {
  const auto id = tokenizer.token_to_id(token);
  if (!id) throw Error::usage(origin, "the tokeniser has no token '" + token + "'");
  return *id;
}

}  // namespace

PromptEncoder::PromptEncoder(const Recipe& recipe)
    : tokenizer_(nn::Tokenizer::from_file(recipe.folder + "/" + recipe.tokenizer)),
      template_(nn::ChatTemplate::parse(text::read_file(recipe.folder + "/" + recipe.chat_template),
                                        recipe.folder + "/" + recipe.chat_template)) {
  const std::string origin = recipe.folder + "/" + recipe.tokenizer;
  image_id_ = special(tokenizer_, "<image>", origin);
  end_id_ = special(tokenizer_, "</s>", origin);
}

PromptEncoder::Prompt PromptEncoder::encode(const RenderedPrompt& rendered) const {
  std::string text;
  if (!rendered.literal.empty()) {
    for (const PromptPart& part : rendered.literal) {
      text += part.kind == PromptPart::Kind::kImage ? "<image>" : part.text;
    }
  } else {
    std::vector<nn::ChatMessage> messages;
    if (!rendered.system.empty()) {
      messages.push_back({"system", {{PromptPart::Kind::kText, rendered.system}}});
    }
    messages.push_back({"user", rendered.user});
    text = template_.render(messages, true, {{"bos_token", "<s>"}, {"eos_token", "</s>"}});
  }
  const auto ids = tokenizer_.encode(text, true);
  const auto image = std::find(ids.begin(), ids.end(), image_id_);
  if (image == ids.end() || std::find(image + 1, ids.end(), image_id_) != ids.end()) {
    throw Error::usage("training", "a prompt must hold one image");
  }
  return {{ids.begin(), image}, {image + 1, ids.end()}};
}

PromptEncoder::Answer PromptEncoder::encode_answer(const std::string& answer) const {
  auto ids = tokenizer_.encode(" " + answer, false);
  ids.push_back(end_id_);
  return ids;
}

}  // namespace firstlight::train
