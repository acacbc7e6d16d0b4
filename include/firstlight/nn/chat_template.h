#pragma once

#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "firstlight/task/prompt.h"

namespace firstlight::nn {

struct ChatMessage {
  std::string role;                 ///< as the template knows it: system, user, assistant
  std::vector<PromptPart> content;  ///< texts and images in order
};

struct ChatOptions {
  /// How a message's content reaches the template: true as processors of transformers pass it, a
  /// list of {"type": "image"} and {"type": "text", "text": ...}; false as one string, which
  /// templates of text models expect and which cannot hold an image.
  bool content_as_list = true;
  /// What strftime_now formats; the local time of the call where it is not given, as in
  /// transformers, which makes the prompt change from day to day.
  std::optional<std::tm> date;
};

/// A model's own chat template: the part of Jinja that such templates use, with the settings of
/// transformers (trim_blocks, lstrip_blocks, an immutable sandbox). A template is untrusted: its
/// steps, memory, output and depth are bounded.
/// Immutable; copies share the syntax tree; safe from any thread.
class ChatTemplate {
 public:
  /// Throws Error::input with `origin`, the line and what is malformed or not supported.
  static ChatTemplate parse(std::string source, const std::string& origin);

  /// The prompt's text, to be tokenised without adding a second BOS where it begins with one.
  /// `special_tokens` are variables of the template: bos_token, eos_token, ...
  /// Throws Error::usage for an empty conversation or an image in a string content, Error::input
  /// with the line for what fails in the template, raise_exception included.
  std::string render(std::span<const ChatMessage> messages, bool add_generation_prompt,
                     const std::map<std::string, std::string>& special_tokens,
                     const ChatOptions& options = {}) const;

  /// Whether the template takes lists apart: found by rendering a message with a marked text both
  /// ways. A template that shows the marked text in neither way counts as taking lists.
  bool takes_content_list() const;

  const std::string& source() const;

 private:
  struct Impl;
  explicit ChatTemplate(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace firstlight::nn
