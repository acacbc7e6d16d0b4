#include "llava_processor.h"

#include "firstlight/base/error.h"
#include "firstlight/nn/text_folder.h"

namespace firstlight::nn {

LlavaProcessor::LlavaProcessor(const std::string& folder, const LlavaConfig& config)
    : config_(ProcessorConfig::from_folder(folder)),
      image_processor_(ImageProcessor::from_folder(folder)),
      tokenizer_(load_tokenizer(folder)),
      template_(load_chat_template(folder)),
      special_tokens_(load_special_tokens(folder)),
      folder_(folder),
      image_token_id_(config.image_token) {
  // As in transformers, the tokeniser's own image token comes before the processor's.
  if (const auto own = special_tokens_.find("image_token"); own != special_tokens_.end()) {
    config_.image_token = own->second;
  }
  const auto id = tokenizer_.token_to_id(config_.image_token);
  if (id != config.image_token) {
    throw Error::input(folder + "/tokenizer.json",
                       "the image token '" + config_.image_token + "' " +
                           (id ? "has the id " + std::to_string(*id) : "is no token") +
                           ", config.json says " + std::to_string(config.image_token));
  }
  // Processors of transformers pass lists; a template that cannot take them is one of a text model.
  if (template_) content_as_list_ = template_->takes_content_list();
  const std::vector<std::int32_t> added = tokenizer_.encode("", true);
  if (const auto bos = special_tokens_.find("bos_token");
      bos != special_tokens_.end() && !added.empty() &&
      tokenizer_.token_to_id(bos->second) == added.front()) {
    own_bos_ = bos->second;
  }
  // Positions an image takes: the processor's own sum where it names the patch size.
  image_tokens_ = config.image_tokens();
  if (config_.patch_size) {
    const std::int64_t side = config.vision.image_size / *config_.patch_size;
    const std::int64_t expected = side * side + config_.additional_image_tokens -
                                  (config_.drop_class_token.value_or(false) ? 1 : 0);
    if (expected != image_tokens_) {
      throw Error::input(folder + "/processor_config.json",
                         "gives an image " + std::to_string(expected) + " positions, config.json " +
                             std::to_string(image_tokens_),
                         "check patch_size, num_additional_image_tokens and "
                         "vision_feature_select_strategy");
    }
  }
}

std::string LlavaProcessor::chat_text(const std::vector<ChatMessage>& messages,
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

std::string LlavaProcessor::chat_text(const RenderedPrompt& prompt,
                                      const std::string* answer) const {
  std::vector<ChatMessage> messages;
  if (!prompt.system.empty()) {
    messages.push_back({"system", {{PromptPart::Kind::kText, prompt.system}}});
  }
  messages.push_back({"user", prompt.user});
  if (answer) messages.push_back({"assistant", {{PromptPart::Kind::kText, *answer}}});
  return chat_text(messages, answer == nullptr);
}

std::vector<std::int32_t> LlavaProcessor::encode(std::string_view text) const {
  const std::string& marker = config_.image_token;
  std::string expanded;
  std::size_t at = 0;
  while (true) {
    const std::size_t next = text.find(marker, at);
    expanded += text.substr(at, next - at);
    if (next == std::string_view::npos) break;
    for (std::int64_t i = 0; i < image_tokens_; ++i) expanded += marker;
    at = next + marker.size();
  }
  return tokenizer_.encode(expanded, true);
}

}  // namespace firstlight::nn
