#pragma once

#include <string>

#include "chat_request.h"
#include "firstlight/model/model.h"

namespace firstlight::serve {

/// What a chat completion gave, before it has an id and a time.
struct ChatAnswer {
  std::string content;
  bool ended = true;  ///< else the limit of tokens was reached
  std::size_t prompt_tokens = 0;
  std::size_t completion_tokens = 0;
  Json logprobs;                    ///< `logprobs` of the choice, or null
  Json prompt_logprobs;             ///< vLLM's list, or null
  std::vector<std::string> pieces;  ///< the content token by token, for a stream
};

/// Asks the model. Throws BadRequest for what the model does not take.
ChatAnswer answer_chat(const VisionLanguageModel& model, const ChatRequest& request);

/// `chat.completion` as JSON, or its chunks as a stream of events.
std::string completion_json(const ChatAnswer& answer, const ChatRequest& request,
                            const std::string& id, const std::string& model,
                            const std::string& fingerprint, std::int64_t created);

}  // namespace firstlight::serve
