#include "firstlight/score/score.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "firstlight/base/error.h"

namespace firstlight {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr std::pair<Normalisation, const char*> kNormalisations[] = {
    {Normalisation::kSum, "sum"},
    {Normalisation::kMean, "mean"},
    {Normalisation::kFirstToken, "first_token"},
    {Normalisation::kPmi, "pmi"},
    {Normalisation::kFirstTwoTokens, "first_two_tokens"},
};

double sum(const AnswerScore& answer) {
  double total = 0;
  for (const double logprob : answer.logprobs) total += logprob;
  return total;
}

/// What log-probabilities are multiplied by in the read-out of the first two tokens: "T = 5".
constexpr double kSharpening = 5.0;

/// Tokens that all answers begin with; none of them counts where an answer is no longer.
std::size_t phrase_length(const LabelScores& scores) {
  std::size_t length = scores.answers.front().token_ids.size();
  for (const AnswerScore& answer : scores.answers) {
    const auto& first = scores.answers.front().token_ids;
    const auto end =
        std::mismatch(first.begin(), first.end(), answer.token_ids.begin(), answer.token_ids.end());
    length = std::min(length, static_cast<std::size_t>(end.first - first.begin()));
  }
  return length;
}

double first_two(const AnswerScore& answer, std::size_t phrase) {
  double total = 0;
  for (std::size_t i = phrase; i < std::min(phrase + 2, answer.logprobs.size()); ++i) {
    total += answer.logprobs[i];
  }
  return kSharpening * total;
}

/// -inf stays -inf: what the model excludes is excluded whatever its prior.
double minus_prior(double score, double prior) {
  return score == -kInfinity ? -kInfinity : score - prior;
}

}  // namespace

std::string to_string(Normalisation normalisation) {
  for (const auto& [value, name] : kNormalisations) {
    if (value == normalisation) return name;
  }
  throw Error::internal("normalisation", "no such value");
}

std::optional<Normalisation> normalisation(std::string_view name) {
  for (const auto& [value, known] : kNormalisations) {
    if (name == known) return value;
  }
  return std::nullopt;
}

std::vector<double> label_log_scores(const LabelScores& scores, Normalisation normalisation,
                                     const LabelScores* prior) {
  const bool pmi = normalisation == Normalisation::kPmi;
  if (pmi && prior == nullptr) {
    throw Error::usage("normalisation pmi", "needs the scores of a prior pass",
                       "run with a blank image or without descriptions as well");
  }
  if (pmi && prior->answers.size() != scores.answers.size()) {
    throw Error::usage("normalisation pmi", "the prior pass scored other answers");
  }
  const bool first_tokens = normalisation == Normalisation::kFirstTwoTokens;
  if (first_tokens && scores.kind != ScoreKind::kExact) {
    throw Error::usage("normalisation first_two_tokens",
                       "needs the log-probability of every token, the scores are of the kind " +
                           to_string(scores.kind));
  }
  const std::size_t phrase = first_tokens && !scores.answers.empty() ? phrase_length(scores) : 0;
  std::vector<double> result;
  result.reserve(scores.answers.size());
  for (std::size_t i = 0; i < scores.answers.size(); ++i) {
    const AnswerScore& answer = scores.answers[i];
    if (answer.logprobs.empty()) {
      throw Error::usage("scores", "answer " + std::to_string(i) + " has no log-probabilities");
    }
    switch (normalisation) {
      case Normalisation::kSum:
        result.push_back(sum(answer));
        break;
      case Normalisation::kMean:
        result.push_back(sum(answer) / static_cast<double>(answer.logprobs.size()));
        break;
      case Normalisation::kFirstToken:
        result.push_back(answer.logprobs.front());
        break;
      case Normalisation::kFirstTwoTokens:
        result.push_back(first_two(answer, phrase));
        break;
      case Normalisation::kPmi: {
        const AnswerScore& before = prior->answers[i];
        if (before.token_ids != answer.token_ids ||
            before.logprobs.size() != answer.logprobs.size()) {
          throw Error::usage("normalisation pmi",
                             "answer " + std::to_string(i) + " has other tokens in the prior pass");
        }
        result.push_back(minus_prior(sum(answer), sum(before)));
        break;
      }
    }
  }
  return result;
}

double log_sum_exp(std::span<const double> x) {
  if (x.empty()) return -kInfinity;
  const double largest = *std::max_element(x.begin(), x.end());
  if (std::isinf(largest)) return largest;
  double total = 0;
  for (const double value : x) total += std::exp(value - largest);
  return largest + std::log(total);
}

std::vector<double> softmax(std::span<const double> log_scores) {
  std::vector<double> result(log_scores.size());
  if (log_scores.empty()) return result;
  const double largest = *std::max_element(log_scores.begin(), log_scores.end());
  double total = 0;
  for (std::size_t i = 0; i < result.size(); ++i) {
    // Equal infinities share the whole probability; inf - inf would be NaN.
    result[i] = log_scores[i] == largest ? 1.0 : std::exp(log_scores[i] - largest);
    total += result[i];
  }
  for (double& value : result) value /= total;
  return result;
}

std::vector<double> probabilities(const LabelScores& scores, Normalisation normalisation,
                                  const LabelScores* prior) {
  return softmax(label_log_scores(scores, normalisation, prior));
}

std::vector<double> average_passes(std::span<const std::vector<double>> log_scores) {
  if (log_scores.empty()) throw Error::usage("passes", "there are no scores to average");
  std::vector<double> mean(log_scores.front().size(), 0.0);
  for (const std::vector<double>& scores : log_scores) {
    if (scores.size() != mean.size()) {
      throw Error::usage("passes", "they scored different numbers of classes");
    }
    // Normalised first, so that a pass in which all answers are unlikely counts the same.
    const double norm = log_sum_exp(scores);
    for (std::size_t i = 0; i < mean.size(); ++i) {
      mean[i] += minus_prior(scores[i], norm) / static_cast<double>(log_scores.size());
    }
  }
  return softmax(mean);
}

ClassId most_likely(std::span<const double> probabilities) {
  if (probabilities.empty()) throw Error::usage("probabilities", "there are none");
  const auto best = std::max_element(probabilities.begin(), probabilities.end());
  return ClassId{static_cast<std::int32_t>(best - probabilities.begin())};
}

}  // namespace firstlight
