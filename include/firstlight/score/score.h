#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/base/class_id.h"
#include "firstlight/score/label_scores.h"

namespace firstlight {

/// How token log-probabilities become one number a label.
enum class Normalisation {
  kSum,         ///< log-probability of the whole answer
  kMean,        ///< sum over its number of tokens
  kFirstToken,  ///< first token only
  kPmi,         ///< sum minus the sum under a prior pass (blank image or no descriptions)
  /// The read-out of arXiv:2509.08461: five times the sum over the first two tokens behind the
  /// tokens that all answers begin with (the fixed phrase).
  kFirstTwoTokens,
};
std::string to_string(Normalisation normalisation);
std::optional<Normalisation> normalisation(std::string_view name);

/// The unnormalised log-score of every class, by ClassId. `prior` is needed for kPmi and must hold
/// the same answers. Throws Error::usage otherwise.
std::vector<double> label_log_scores(const LabelScores& scores, Normalisation normalisation,
                                     const LabelScores* prior = nullptr);

/// Softmax in double precision with the maximum taken out; sums to 1 to 1e-15 x size.
std::vector<double> softmax(std::span<const double> log_scores);
/// log(sum(exp(x))).
double log_sum_exp(std::span<const double> x);

/// Probabilities over exactly the task's labels.
std::vector<double> probabilities(const LabelScores& scores,
                                  Normalisation normalisation = Normalisation::kSum,
                                  const LabelScores* prior = nullptr);

/// Mean of the log-scores over passes, such as class orders or orientations of the picture
/// (geometric mean of the distributions), renormalised.
std::vector<double> average_passes(std::span<const std::vector<double>> log_scores);

/// First largest entry.
ClassId most_likely(std::span<const double> probabilities);

/// The answer that constrained decoding writes: at every place only tokens that continue an answer
/// can follow, and `beams` (>= 1) beginnings are kept. One beam is greedy, and follows a likely
/// shared beginning even into answers that are unlikely as a whole. Several are ranked as beam
/// search in transformers does by default, by the mean over the tokens. Throws Error::usage for
/// scores without tokens.
ClassId constrained_choice(const LabelScores& scores, int beams = 1);

/// The distinct prefixes of a set of answers, so that each is evaluated once. Node 0 is the root
/// (the prompt); node k > 0 is the prefix that ends with `token`, after node `parent` < k.
struct PrefixTree {
  struct Node {
    std::int32_t token = -1;
    int parent = -1;
    int depth = 0;  ///< tokens from the root
  };
  std::vector<Node> nodes;
  /// path[a][i]: the node whose next-token distribution gives token i of answer a (path[a][0] is
  /// 0).
  std::vector<std::vector<int>> path;
};

/// Throws Error::usage where two answers are the same token sequence or one is empty; `names` are
/// used in the message. The last token of an answer adds no node unless it is inside another.
PrefixTree build_prefix_tree(const std::vector<std::vector<std::int32_t>>& answers,
                             const std::vector<std::string>& names);

}  // namespace firstlight
