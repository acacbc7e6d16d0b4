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

/// What a server said of one sample in one pass, beside the numbers: where they come from and what
/// they cost. Text is printable UTF-8 of bounded length.
struct ServerAnswer {
  std::string request;             ///< hash of what was asked; equal ones were asked and paid once
  std::string model;               ///< name of the model as the server gives it, with its date
  std::string fingerprint;         ///< `system_fingerprint`; empty where the server gives none
  std::int64_t prompt_tokens = 0;  ///< of all requests behind the row
  std::int64_t cached_tokens = 0;  ///< the part of prompt_tokens that was billed as cached
  std::int64_t completion_tokens = 0;
  std::optional<double> cost_usd;  ///< where the price table knows the model
  std::optional<double> outside;   ///< kTop20: probability that belongs to no label
  std::string text;                ///< the answer as written; empty where labels were scored
  std::string problem;             ///< why there are no scores; empty where there are
  friend bool operator==(const ServerAnswer&, const ServerAnswer&) = default;
};

/// What a model says of one sample under one prompt: by ClassId.
struct LabelScores {
  ScoreKind kind = ScoreKind::kExact;
  std::vector<AnswerScore> answers;  ///< empty where a server's answer fits no label
  std::optional<ServerAnswer> server = {};
  /// What the model saw in the sample's pictures: the features behind its vision part, averaged
  /// over all places. Empty where there are none to be had.
  std::vector<float> features = {};
};

}  // namespace firstlight
