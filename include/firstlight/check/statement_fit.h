#pragma once

#include <string>
#include <vector>

#include "firstlight/check/trials.h"
#include "firstlight/model/reason.h"

namespace firstlight {

/// Samples whose truth is known, of one kind.
struct StatementData {
  std::string spec;
  const SampleSource* source = nullptr;  ///< not owned
};

/// Fits what the model gives to the statements of the task's vocabulary, behind its scored labels,
/// to their truth, samples with each number of views apart: Platt scaling (score/calibration.h) of
/// the values of each attribute on samples of which one is true, and of whether one is. No scaling
/// is given to an attribute with fewer than 20 of these, with all of one value, or whose slope is
/// not positive. Throws Error::usage where no vocabulary has the task or the model writes no text,
/// and as run_trials.
std::vector<StatementFit> fit_statements(const std::vector<StatementData>& data, const Task& task,
                                         const Classifier& classifier, const CheckOptions& options);

}  // namespace firstlight
