#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "firstlight/model/model.h"
#include "firstlight/score/score.h"
#include "vlm_processor.h"

namespace firstlight::nn {

/// A prompt with its answers in token ids.
struct EncodedPrompt {
  std::string text;               ///< one marker an image
  std::vector<std::int32_t> ids;  ///< image positions expanded
  std::vector<PromptDescription::ImageSpan> images;
  std::vector<PromptDescription::Answer> answers;  ///< end of answer included
  PrefixTree tree;                                 ///< over the answers; empty without answers

  /// Positions of the prompt and its longest answer.
  std::size_t length() const;
};

/// Turns rendered prompts into token ids, as transformers and the model's own text have them. One
/// thread at a time: it remembers recent prompts.
///
/// Answers: the text of an answer is what the chat template writes for an assistant's turn after
/// the generation prompt, up to the end-of-text token; where the template writes none, that token
/// is added. A literal prompt that does not end in white space gets one space before the answer.
/// Prompt and answer are tokenised together. Where that changes the last tokens of the prompt (a
/// prompt that ends in a space, say), the tokens that all answers share with the prompt are the
/// prompt, and the rest belongs to the answers.
class PromptEncoder {
 public:
  /// `eos_ids` as in config.json and generation_config.json, the first one being added.
  PromptEncoder(const VlmProcessor& processor, std::vector<std::int32_t> eos_ids,
                std::int64_t max_positions);

  /// `positions`: how many the picture of each image part takes. Throws Error::usage where two
  /// answers tokenise alike, one is empty, or the number of pictures is another one, and
  /// Error::input where prompt and answers are longer than the model's positions.
  std::shared_ptr<const EncodedPrompt> encode(const RenderedPrompt& prompt,
                                              const std::vector<std::string>& answers,
                                              std::span<const std::size_t> positions);

 private:
  /// What stands before and behind an answer.
  struct Turn {
    std::string before;
    std::string after;  ///< ends with the end-of-text token where the template writes it
    bool ends = false;
  };
  void refuse_marker(const std::string& text) const;
  std::string prompt_text(const RenderedPrompt& prompt) const;
  Turn turn_of(const RenderedPrompt& prompt, const std::string& text,
               const std::string& answer) const;
  EncodedPrompt encode_now(const RenderedPrompt& prompt, const std::vector<std::string>& answers,
                           std::span<const std::size_t> positions) const;

  const VlmProcessor& processor_;
  std::vector<std::int32_t> eos_ids_;
  std::int64_t max_positions_;
  std::list<std::string> order_;  ///< keys, most recent first
  struct Entry {
    std::shared_ptr<const EncodedPrompt> prompt;
    std::list<std::string>::iterator place;
  };
  std::unordered_map<std::string, Entry> known_;
};

}  // namespace firstlight::nn
