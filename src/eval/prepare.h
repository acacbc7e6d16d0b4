#pragma once

#include <string>
#include <utility>
#include <vector>

#include "firstlight/eval/evaluation.h"

namespace firstlight {

/// The classes of a task, or what merging leaves of them.
struct ClassSet {
  std::vector<std::string> names;
  std::vector<std::size_t> place;  ///< of each class of the task among `names`
};

ClassSet own_classes(const Task& task);

/// A merge stands where its first class stood.
ClassSet merged_classes(const Task& task);

/// Throws Error::usage where sizes, probabilities, labels or options do not fit.
void check(const EvaluationInput& input, std::size_t classes, const EvaluationOptions& options);

/// One prevalence a class: the given ones, and the rest by the classes' shares of the data. Throws
/// Error::usage for priors that are no distribution.
std::vector<double> complete_prior(const Task& task, const EvaluationInput& input,
                                   const std::vector<std::pair<ClassId, double>>& given);

/// The input in the classes of `set`, with the probabilities of merged classes summed; labels,
/// calibrated probabilities and conformal sets are left out.
EvaluationInput merge(const EvaluationInput& input, const ClassSet& set);

/// The same with a label for every sample.
EvaluationInput with_labels(EvaluationInput input, std::size_t classes);

}  // namespace firstlight
