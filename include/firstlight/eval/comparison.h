#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "firstlight/eval/evaluation.h"
#include "firstlight/eval/intervals.h"

namespace firstlight {

/// What one classifier says of the samples that all of them classified, in the same order.
struct ClassifierOutput {
  std::string name;
  std::vector<ClassId> predicted;
  std::vector<double> probabilities;  ///< samples x classes, row by row
};

/// Two classifiers on the same samples; differences are b - a.
struct PairComparison {
  std::size_t a = 0;  ///< places among the classifiers
  std::size_t b = 0;
  std::size_t both_right = 0;
  std::size_t only_a_right = 0;
  std::size_t only_b_right = 0;
  std::size_t neither_right = 0;
  double mcnemar_p = 1;          ///< exact, two-sided
  Estimate accuracy_difference;  ///< paired bootstrap interval
  Estimate auc_difference;       ///< of the macro AUC, the same
};

struct Comparison {
  std::vector<std::string> classifiers;
  std::size_t n = 0;
  double level = 0.95;
  int resamples = 0;
  std::uint64_t seed = 0;
  std::vector<Estimate> accuracy;     ///< by classifier
  std::vector<Estimate> auc;          ///< macro AUC, by classifier
  std::vector<PairComparison> pairs;  ///< every a < b, in order
};

/// Two-sided p of the exact McNemar test (Psychometrika 12, 153, 1947): the probability of a split
/// of the samples that only one classifier has right at least as uneven, were both as good. 1 where
/// there are none.
double mcnemar_exact(std::size_t only_a_right, std::size_t only_b_right);

/// Compares classifiers on the same samples; resamples draw the same samples for all of them, so
/// what they share drops out of a difference. Level, resamples and seed of `options` are used.
/// Throws Error::usage where there are fewer than two classifiers, or sizes do not fit.
Comparison compare(std::size_t classes, const std::vector<ClassId>& truth,
                   const std::vector<ClassifierOutput>& classifiers,
                   const EvaluationOptions& options = {});

}  // namespace firstlight
