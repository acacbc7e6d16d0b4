#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "firstlight/model/classifier.h"
#include "firstlight/task/vocabulary.h"

namespace firstlight {

/// Room for a reason of two sentences.
inline constexpr int kReasonTokens = 96;
/// A statement is made where the model gives it at least this probability among those about its
/// attribute.
inline constexpr double kSureStatement = 0.8;

/// Which statements a reason makes, in the order of the attributes. `log_probabilities`: of every
/// part of Vocabulary::parts() as the whole reason, natural logarithms that may all be off by the
/// same amount. The probability of a statement is the sum over its ways to be said, in proportion
/// to those about its attribute. Said are statements of at least kSureStatement about attributes
/// that the model speaks of at all: a reason about them is at least half as likely as were all
/// attributes alike. Where none is, the most probable statement alone. Each in its likeliest words.
std::vector<std::string> choose_statements(const Vocabulary& vocabulary,
                                           std::span<const double> log_probabilities);

/// How the reason of a label is found.
struct ReasonWriter {
  /// Statements of this vocabulary, whose probabilities the model gives (choose_statements); else
  /// the model's own words, greedily.
  std::optional<Vocabulary> vocabulary = std::nullopt;
  int max_tokens = kReasonTokens;  ///< of the model's own words

  /// "vocabulary", or max_tokens: for a run's configuration.
  std::string setting() const;
  /// One or two sentences for the label of a sample.
  Result<std::string> write(const Classifier& classifier, const PreparedSample& sample,
                            ClassId label) const;
};

}  // namespace firstlight
