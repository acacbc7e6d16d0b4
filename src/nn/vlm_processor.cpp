#include "vlm_processor.h"

#include <algorithm>

#include "firstlight/base/error.h"
#include "firstlight/nn/text_folder.h"

namespace firstlight::nn {

VlmProcessor::VlmProcessor(const std::string& folder, const Settings& settings)
    : folder_(folder),
      settings_(settings),
      tokenizer_(load_tokenizer(folder)),
      template_(load_chat_template(folder)),
      special_tokens_(load_special_tokens(folder)) {
  // As in transformers, the tokeniser's own image token comes before the processor's.
  if (const auto own = special_tokens_.find("image_token"); own != special_tokens_.end()) {
    settings_.image_token = own->second;
  }
  const auto id = tokenizer_.token_to_id(settings_.image_token);
  if (id != settings_.image_token_id) {
    throw Error::input(folder + "/tokenizer.json",
                       "the image token '" + settings_.image_token + "' " +
                           (id ? "has the id " + std::to_string(*id) : "is no token") +
                           ", config.json says " + std::to_string(settings_.image_token_id));
  }
  // Processors of transformers pass lists; a template that cannot take them is one of a text model.
  if (template_) content_as_list_ = template_->takes_content_list();
  if (const auto bos = special_tokens_.find("bos_token"); bos != special_tokens_.end()) {
    bos_ = bos->second;
  }
  if (settings_.bos_in_text) {
    if (bos_.empty()) throw Error::input(folder, "its tokeniser names no BOS token");
    return;
  }
  const std::vector<std::int32_t> added = tokenizer_.encode("", true);
  if (!bos_.empty() && !added.empty() && tokenizer_.token_to_id(bos_) == added.front()) {
    own_bos_ = bos_;
  }
}

std::string VlmProcessor::chat_text(const std::vector<ChatMessage>& messages,
                                    bool add_generation_prompt) const {
  if (!template_) {
    throw Error::usage(folder_, "the model has no chat template",
                       "give the task a literal form of its own under 'chat'");
  }
  ChatOptions options;
  options.content_as_list = content_as_list_;
  std::string text = template_->render(messages, add_generation_prompt, special_tokens_, options);
  if (!own_bos_.empty() && text.starts_with(own_bos_)) text.erase(0, own_bos_.size());
  return text;
}

std::string VlmProcessor::chat_text(const RenderedPrompt& prompt, const std::string* answer) const {
  std::vector<ChatMessage> messages;
  if (!prompt.system.empty()) {
    messages.push_back({"system", {{PromptPart::Kind::kText, prompt.system}}});
  }
  messages.push_back({"user", prompt.user});
  if (answer) messages.push_back({"assistant", {{PromptPart::Kind::kText, *answer}}});
  return chat_text(messages, answer == nullptr);
}

std::string VlmProcessor::with_bos(std::string_view text) const {
  if (text.find(bos_) != std::string_view::npos) return std::string(text);
  std::size_t at = 0;
  while (text.substr(at).starts_with(settings_.image_token)) at += settings_.image_token.size();
  return std::string(text.substr(0, at)) + bos_ + std::string(text.substr(at));
}

std::vector<std::int32_t> VlmProcessor::encode(std::string_view text,
                                               std::span<const std::size_t> positions) const {
  const std::string& marker = settings_.image_token;
  const std::string whole = settings_.bos_in_text ? with_bos(text) : std::string(text);
  std::string expanded;
  std::size_t at = 0;
  std::size_t image = 0;
  while (true) {
    const std::size_t next = whole.find(marker, at);
    expanded += whole.substr(at, next - at);
    if (next == std::string::npos) break;
    const std::size_t count = image < positions.size() ? positions[image] : 1;
    for (std::size_t i = 0; i < count; ++i) expanded += marker;
    ++image;
    at = next + marker.size();
  }
  if (image != positions.size()) {
    throw Error::input("prompt",
                       "has " + std::to_string(image) + " image places for " +
                           std::to_string(positions.size()) + " pictures",
                       "each image place needs one picture, and the chat template must keep it");
  }
  return tokenizer_.encode(expanded, !settings_.bos_in_text);
}

}  // namespace firstlight::nn
