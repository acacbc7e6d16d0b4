#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "firstlight/eval/evaluation.h"
#include "firstlight/run/prediction.h"
#include "firstlight/run/store.h"

namespace firstlight {

/// Metadata columns of a run that its evaluation uses.
struct EvaluationColumns {
  std::vector<Binning> against;
  std::string weight;  ///< of event weights; empty = every sample counts 1
};

/// The labelled and classified samples of a run, as the evaluation takes them. Throws Error::usage
/// for a column that the run does not have, and Error::input for a sample without a weight.
EvaluationInput evaluation_input(const RunStore& run, const Interpretation& interpretation,
                                 const EvaluationColumns& columns = {});

/// The short account at the end of a run.
struct RunOverview {
  struct Class {
    std::string key;
    std::uint64_t labelled = 0;     ///< classified samples whose truth is this class
    std::uint64_t predicted = 0;    ///< samples that got this label
    std::uint64_t right = 0;        ///< samples of the class that got its label
    double mean_probability = 0.0;  ///< over all classified samples
  };
  std::vector<Class> classes;  ///< by ClassId
  std::uint64_t samples = 0;
  std::uint64_t failed = 0;
  std::uint64_t labelled = 0;
  Estimate accuracy;  ///< 95 % Clopper-Pearson; undefined without truth
  /// Classified samples with a warning (warning_of()); none where the run does not check.
  std::optional<std::uint64_t> warned;
};
RunOverview overview(const RunStore& run, const Interpretation& interpretation);

/// A table for the terminal: a line a class, then accuracy and failures where there are any.
std::string to_text(const RunOverview& overview);

/// The figures of an evaluation for the terminal.
std::string to_text(const Evaluation& evaluation);

}  // namespace firstlight
