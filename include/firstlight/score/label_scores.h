#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace firstlight {

/// Where a row's numbers come from, from best to worst; never mixed in one figure without saying
/// so.
enum class ScoreKind {
  kExact,   ///< every token of every answer, teacher-forced
  kTop20,   ///< a server's list of likely tokens
  kSchema,  ///< a constrained answer without probabilities
  kText,    ///< free text that matched one label
  kLogits,  ///< a classifier's output layer
};
std::string to_string(ScoreKind kind);
std::optional<ScoreKind> score_kind(std::string_view name);

/// One answer, token by token. `logprobs[i]` is the natural logarithm of the probability of
/// `token_ids[i]` given prompt, views and the answer's earlier tokens; end of answer included.
/// For kLogits: no token ids and a single number, the log-softmax of the class.
struct AnswerScore {
  std::vector<std::int32_t> token_ids;
  std::vector<double> logprobs;
};

/// What a model says of one sample under one prompt: by ClassId.
struct LabelScores {
  ScoreKind kind = ScoreKind::kExact;
  std::vector<AnswerScore> answers;
};

}  // namespace firstlight
