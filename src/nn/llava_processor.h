#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/nn/chat_template.h"
#include "firstlight/nn/config.h"
#include "firstlight/nn/image_processor.h"
#include "firstlight/nn/tokenizer.h"
#include "firstlight/task/prompt.h"

namespace firstlight::nn {

/// What LlavaProcessor of transformers does: pictures to pixel values, text to token ids with the
/// image token as often as an image has positions. Immutable; safe from any thread.
class LlavaProcessor {
 public:
  /// Throws Error::input where a file is missing or contradicts `config`.
  LlavaProcessor(const std::string& folder, const LlavaConfig& config);

  const Tokenizer& tokenizer() const { return tokenizer_; }
  const ImageProcessor& image_processor() const { return image_processor_; }
  const std::string& image_token() const { return config_.image_token; }
  std::int32_t image_token_id() const { return image_token_id_; }

  /// Ids of a text with one marker an image; every marker becomes image_tokens() positions.
  std::vector<std::int32_t> encode(std::string_view text) const;
  std::int64_t image_tokens() const { return image_tokens_; }

  /// A conversation as the folder's chat template writes it: up to the generation prompt, or with
  /// the assistant's answer. A BOS token that the tokeniser adds by itself is left out. Throws
  /// Error::usage where the folder has no template.
  std::string chat_text(const std::vector<ChatMessage>& messages, bool add_generation_prompt) const;
  std::string chat_text(const RenderedPrompt& prompt, const std::string* answer) const;

 private:
  ProcessorConfig config_;
  ImageProcessor image_processor_;
  Tokenizer tokenizer_;
  std::optional<ChatTemplate> template_;
  bool content_as_list_ = true;
  std::map<std::string, std::string> special_tokens_;
  std::string folder_;
  std::string own_bos_;  ///< text of the BOS that the tokeniser adds by itself
  std::int32_t image_token_id_ = 0;
  std::int64_t image_tokens_ = 0;
};

}  // namespace firstlight::nn
