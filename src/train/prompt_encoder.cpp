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
  std::vector<std::size_t> ends;
  for (std::size_t at = text.find(kLineEnd); at != std::string::npos; at = text.find(kLineEnd)) {
    ends.push_back(at);
    text.erase(at, 1);
  }
  const auto ids = tokenizer_.encode(text, true);
  const auto is_image = [&](std::int32_t id) { return id == special_.image.id; };
  const auto first = std::find_if(ids.begin(), ids.end(), is_image);
  const auto last = std::find_if_not(first, ids.end(), is_image);
  if (first == last || std::any_of(last, ids.end(), is_image)) {
    throw Error::usage("training", "a prompt must hold images, one right after the other");
  }
  Prompt prompt{
      {ids.begin(), first}, {last, ids.end()}, static_cast<std::size_t>(last - first), {}};
  for (const std::size_t end : ends) {
    // The last token that the text up to there and the whole text share.
    const auto start = tokenizer_.encode(text.substr(0, end), true);
    const auto same = static_cast<std::size_t>(
        std::mismatch(start.begin(), start.end(), ids.begin(), ids.end()).first - start.begin());
    prompt.lines.push_back(same - 1 - (same > prompt.before.size() ? prompt.images : 0));
  }
  return prompt;
}

PromptEncoder::Answer PromptEncoder::encode_answer(const std::string& answer,
                                                   const std::string& label) const {
  Answer encoded{tokenizer_.encode(" " + answer, false)};
  if (!label.empty()) {
    const auto start = tokenizer_.encode(" " + label, false);
    encoded.label = static_cast<std::size_t>(
        std::mismatch(start.begin(), start.end(), encoded.ids.begin(), encoded.ids.end()).first -
        start.begin());
  }
  encoded.ids.push_back(special_.end.id);
  return encoded;
}

RenderedPrompt render_for(const Task& task, const PromptVariant& variant, const Picture& sample) {
  const auto& [pool, index] = sample;
  const auto field = [&](const std::string& name) { return pool->field(index, name); };
  if (!pool->has_maps()) return render_prompt(task, variant, field);
  Task shown = task;
  shown.views.clear();
  for (const std::string& view : pool->views(index)) shown.views.emplace_back().name = view;
  return render_prompt(shown, variant, field);
}

}  // namespace firstlight::train
