#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "firstlight/score/calibration.h"
#include "firstlight/task/vocabulary.h"

namespace firstlight {

/// A statement is made where it is true with at least this probability among those about its
/// attribute.
inline constexpr double kSureStatement = 0.8;
/// With a fit: and where that is so much more than the statement is true of samples at large, so
/// that it tells something of this picture.
inline constexpr double kTellingStatement = 0.2;

/// How what a model gives to statements is brought in line with their being true, fitted on samples
/// whose truth is known (check/statement_fit.h).
struct StatementFit {
  struct Of {
    std::string attribute;
    std::vector<std::string> values;  ///< Statement::value, in the order of the vocabulary
    std::size_t samples = 0;          ///< with a known truth; with too few nothing is ever said
    std::vector<double> common;       ///< by value: how many of these have it, in [0, 1]
    Calibration which;                ///< of the values (unconditioned), given that one is true
    Calibration applies;              ///< that one is true; that none is
  };
  std::vector<std::string> tasks;
  std::vector<std::string> data;  ///< the DATA that it was fitted on
  std::size_t views = 0;          ///< how many views the samples had, which can differ by detector
  std::vector<Of> attributes;     ///< in the order of the vocabulary
};

/// Whether the attributes and values of a fit are those of a vocabulary.
bool fits_vocabulary(const StatementFit& fit, const Vocabulary& vocabulary);

/// What a model gives to the statements about one attribute.
struct Weighed {
  double total = 0;                 ///< probability that a reason is about it, over all attributes
  std::vector<double> shares;       ///< by statement, of this; sum 1
  std::vector<std::string> likely;  ///< by statement: its likeliest words
};

/// By attribute. `log_probabilities`: of every part of Vocabulary::parts() as the whole reason,
/// natural logarithms that may all be off by the same amount. The probability of a statement is the
/// sum over its ways to be said. Throws Error::usage where their number is another.
std::vector<Weighed> weigh_statements(const Vocabulary& vocabulary,
                                      std::span<const double> log_probabilities);

/// The shares of an attribute's values whatever the label: those behind the label, where it is
/// right by its probability, and the values' frequencies where it is not.
std::vector<double> unconditioned(const std::vector<double>& shares, double label_probability,
                                  const std::vector<double>& common);

/// Which statements a reason makes without a fit, in the order of the attributes, each in its
/// likeliest words: those of at least kSureStatement about attributes that the model speaks of at
/// all: a reason about them is at least half as likely as were all attributes alike. Where there
/// are none, the most probable one alone.
std::vector<std::string> choose_statements(const Vocabulary& vocabulary,
                                           std::span<const double> log_probabilities);
/// With a fit: those that are true with at least kSureStatement, and with kTellingStatement more
/// than at large, about attributes of which more likely than not one is true. Where there are none,
/// the one that exceeds its frequency most. `label_probability`: of the label that they stand
/// behind.
std::vector<std::string> choose_statements(const Vocabulary& vocabulary,
                                           std::span<const double> log_probabilities,
                                           const StatementFit& fit, double label_probability);

}  // namespace firstlight
