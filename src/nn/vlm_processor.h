#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/nn/chat_template.h"
#include "firstlight/nn/tokenizer.h"
#include "firstlight/task/prompt.h"

namespace firstlight::nn {

/// The text side of a folder's processor in transformers: conversations to text, text to token ids
/// with the image token as often as an image has positions. Immutable; safe from any thread.
class VlmProcessor {
 public:
  struct Settings {
    std::string image_token = "<image>";  ///< where the tokeniser names none of its own
    std::int32_t image_token_id = 0;      ///< as config.json has it
    /// The text brings its BOS: one is put before a text that holds none, behind the image markers
    /// that it begins with, and the tokeniser adds none (mllama).
    bool bos_in_text = false;
  };
  /// Throws Error::input where a file is missing or the image token's ids differ.
  VlmProcessor(const std::string& folder, const Settings& settings);

  const Tokenizer& tokenizer() const { return tokenizer_; }
  const std::string& image_token() const { return settings_.image_token; }
  std::int32_t image_token_id() const { return settings_.image_token_id; }

  /// Ids of a text with one marker an image; the i-th marker becomes positions[i] image tokens.
  /// Throws Error::input where the text has another number of markers.
  std::vector<std::int32_t> encode(std::string_view text,
                                   std::span<const std::size_t> positions) const;

  /// A conversation as the folder's chat template writes it: up to the generation prompt, or with
  /// the assistant's answer. A BOS token that encode() adds is left out. Throws
  /// Error::usage where the folder has no template.
  std::string chat_text(const std::vector<ChatMessage>& messages, bool add_generation_prompt) const;
  std::string chat_text(const RenderedPrompt& prompt, const std::string* answer) const;

 private:
  std::string with_bos(std::string_view text) const;

  std::string folder_;
  Settings settings_;
  Tokenizer tokenizer_;
  std::optional<ChatTemplate> template_;
  bool content_as_list_ = true;
  std::map<std::string, std::string> special_tokens_;
  std::string bos_;      ///< text of the BOS token, empty without one
  std::string own_bos_;  ///< the same where the tokeniser adds it by itself
};

}  // namespace firstlight::nn
