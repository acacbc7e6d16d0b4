#pragma once

#include <string>

#include "exchange.h"
#include "firstlight/base/error.h"
#include "firstlight/score/label_scores.h"

namespace firstlight::hosted {

/// Scores of a label that was the prompt's last turn, from vLLM's `prompt_logprobs`: its tokens,
/// and the one that ends the answer. An Error where the list does not hold the label.
Result<AnswerScore> score_from_prompt(const Json& answer, const std::string& label);

/// Scores of a label that a grammar forced, from the log-probabilities of the tokens that
/// llama-server wrote, which are those of the model without the grammar. They end with the label:
/// the server does not list the end of an answer.
Result<AnswerScore> score_from_grammar(const Json& answer, const std::string& label);

}  // namespace firstlight::hosted
