#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exchange.h"
#include "firstlight/base/error.h"
#include "firstlight/score/label_scores.h"

namespace firstlight::hosted {

/// A token of a prompt with what the model thought of it.
struct PromptToken {
  std::int32_t id = 0;
  double logprob = 0.0;
  std::string text;
};

/// The tokens at the end of a prompt, from vLLM's `prompt_logprobs`.
struct PromptTail {
  std::size_t place = 0;  ///< of the first of them in the prompt
  std::vector<PromptToken> tokens;
};
/// Empty where the answer holds no such list.
PromptTail prompt_tail(const Json& answer);

/// Scores of labels, each of which was the last turn of a prompt that is else the same: its tokens,
/// and the one that ends the answer. A label begins at the same place in all prompts: where the
/// first can be read (white space before it may be a token of its own for one label and a part of
/// the first word for another), or where prompts begin to differ, if before. Blanks do not count in
/// reading: servers that decode token by token lose them. An Error where a list lacks its label.
Result<std::vector<AnswerScore>> scores_from_prompts(const std::vector<PromptTail>& prompts,
                                                     const std::vector<std::string>& labels);

/// vLLM leaves out the token that begins a text (<s>) unless the chat template writes it or the
/// request asks for special tokens, while the processors of transformers add it where the template
/// does not. Whether a conversation lacks it, by the answers of vLLM's /tokenize without
/// (`plain`) and with special tokens: they are one token more, in front, and not what begins the
/// text already.
bool lacks_first_token(const Json& plain, const Json& special);

/// A label in the tokens of llama-server's model.
struct LabelTokens {
  std::vector<std::int32_t> ids;
  std::optional<std::int32_t> end;  ///< what the chat template ends an answer with, if anything
};

/// The tokens of a label from the answers of /tokenize (with pieces) to the conversation before it
/// and to the conversation with it. An Error where the label cannot be told from what stands before
/// it, and where one of its characters has several tokens: the server lists no log-probability
/// then.
Result<LabelTokens> label_tokens(const Json& before, const Json& with, const std::string& label);

/// Scores of a label whose tokens a grammar forced, from the log-probabilities of the tokens that
/// llama-server wrote, which are those of the model without the grammar; the last one ends the
/// answer. The server rounds probabilities below 1e-45 to zero: those count as 1e-45.
Result<AnswerScore> score_from_grammar(const Json& answer, const std::string& label,
                                       const LabelTokens& tokens);

}  // namespace firstlight::hosted
