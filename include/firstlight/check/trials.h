#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "firstlight/base/log.h"
#include "firstlight/data/source.h"
#include "firstlight/eval/evaluation.h"
#include "firstlight/model/classifier.h"
#include "firstlight/score/score.h"
#include "firstlight/task/task.h"

namespace firstlight {

/// One way to classify every sample: which classifier, which pass, and what is done to the prepared
/// pictures first.
struct Trial {
  std::string name;
  const Classifier* classifier = nullptr;  ///< not owned
  Pass pass = {};
  std::function<void(PreparedSample&)> change = {};  ///< empty = the sample as it is
};

struct CheckOptions {
  Normalisation normalisation = Normalisation::kSum;  ///< kPmi has no prior here: Error::usage
  std::vector<std::string> ignore_truth;              ///< truth values that mean "no truth"
  int batch = 8;                                      ///< samples that the model gets at once, >= 1
  EvaluationOptions evaluation;  ///< level, resamples and seed of the intervals
  ProgressSink progress;
};

/// What every trial says of the labelled samples that all trials could classify.
struct TrialOutcomes {
  std::vector<ClassId> truth;                   ///< by sample
  std::vector<std::vector<double>> log_scores;  ///< by trial: samples x classes, row by row
  std::size_t failed = 0;         ///< labelled samples that a trial could not classify
  std::size_t without_truth = 0;  ///< samples left out
};

/// Runs all trials over the labelled samples of `source`, each sample prepared once. Throws
/// Error::usage where a truth names no class, and Error::input where no sample has one.
TrialOutcomes run_trials(const SampleSource& source, const Task& task,
                         const std::vector<Trial>& trials, const CheckOptions& options);

}  // namespace firstlight
