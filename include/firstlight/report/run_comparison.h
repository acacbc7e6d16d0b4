#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "firstlight/eval/comparison.h"
#include "firstlight/run/prediction.h"
#include "firstlight/run/store.h"

namespace firstlight {

/// Runs side by side on the samples that all of them classified and that have truth.
struct RunComparison {
  struct Run {
    std::string folder;
    std::string model;
    std::size_t samples = 0;       ///< in the run, failed ones included
    std::size_t other_pixels = 0;  ///< common samples whose pixels differ from the first run's
    double median_seconds = 0;     ///< time to decode and score a common sample; NaN without any
    std::optional<double> peak_bytes;  ///< memory of the process that made the run
  };
  std::vector<Run> runs;
  Comparison comparison;
};

/// A run and how it is read.
struct ComparedRun {
  const RunStore* run = nullptr;
  Interpretation interpretation;
};

/// Joins runs by sample id. Throws Error::usage where their tasks have other class keys (their
/// order may differ), and Error::input where two runs name another truth for a sample, or no sample
/// with truth is common to all.
RunComparison compare_runs(const std::vector<ComparedRun>& runs,
                           const EvaluationOptions& options = {});

std::string to_text(const RunComparison& comparison);
/// One JSON object (docs/evaluation.md).
std::string to_json(const RunComparison& comparison);

}  // namespace firstlight
