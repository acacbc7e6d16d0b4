#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/image/image.h"
#include "firstlight/model/model.h"

namespace firstlight::serve {

/// Keeps the order of keys, as clients of `prompt_logprobs` need it.
using Json = nlohmann::ordered_json;

/// A request that is not taken, with the HTTP status and the field at fault.
class BadRequest : public std::runtime_error {
 public:
  BadRequest(int status, const std::string& message, std::string field = {})
      : std::runtime_error(message), status_(status), field_(std::move(field)) {}
  int status() const { return status_; }
  const std::string& field() const { return field_; }

 private:
  int status_;
  std::string field_;
};

/// A chat completion as the model is asked for it.
struct ChatRequest {
  RenderedPrompt prompt;
  std::vector<Image> pictures;
  std::optional<std::string> answer;  ///< an assistant's message at the end, to be scored
  int max_tokens = 0;
  bool logprobs = false;
  int top_logprobs = 0;
  bool stream = false;
  std::vector<std::string> choices;       ///< the only answers allowed; empty: any
  std::optional<std::string> choice_key;  ///< the answer is {"KEY": choice}

  ScoreRequest score_request(std::vector<std::string> answers) const;
};

struct ChatLimits {
  std::string model;  ///< the only name that is served
  int max_tokens = 0;
  int max_images = 0;
  PixelLimits pixels;
};

/// Throws BadRequest for what is malformed, too large or not offered.
ChatRequest parse_chat_request(std::string_view body, const ChatLimits& limits);

/// The strings of a GBNF grammar `root ::= "a" | "b"`; throws BadRequest for any other grammar.
std::vector<std::string> choices_of_grammar(std::string_view grammar);

}  // namespace firstlight::serve
