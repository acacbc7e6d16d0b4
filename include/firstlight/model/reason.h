#pragma once

#include <optional>
#include <string>
#include <vector>

#include "firstlight/model/classifier.h"
#include "firstlight/model/statements.h"
#include "firstlight/task/vocabulary.h"

namespace firstlight {

/// Room for a reason of two sentences.
inline constexpr int kReasonTokens = 96;

/// The logarithms for weigh_statements, of a sample whose label is `label`.
Result<std::vector<double>> score_statements(const Vocabulary& vocabulary,
                                             const Classifier& classifier,
                                             const PreparedSample& sample, ClassId label);

/// How the reason of a label is found.
struct ReasonWriter {
  /// Statements of this vocabulary, whose probabilities the model gives (choose_statements); else
  /// the model's own words, greedily.
  std::optional<Vocabulary> vocabulary = std::nullopt;
  int max_tokens = kReasonTokens;  ///< of the model's own words
  /// Of the statements' probabilities, one for each number of views; their attributes are the
  /// vocabulary's.
  std::vector<StatementFit> fits = {};

  /// "vocabulary", "fitted vocabulary", or max_tokens: for a run's configuration.
  std::string setting() const;
  /// The fit for samples of so many views, or else the first; null without any.
  const StatementFit* fit_for(std::size_t views) const;
  /// One or two sentences for the label of a sample, which has this probability.
  Result<std::string> write(const Classifier& classifier, const PreparedSample& sample,
                            ClassId label, double label_probability) const;
};

}  // namespace firstlight
