#pragma once

#include "firstlight/eval/evaluation.h"
#include "statistics.h"

namespace firstlight {

/// Percentile intervals (Efron & Tibshirani 1993, chapter 13) of every figure: as many samples as
/// there are, drawn with replacement. Resample k is drawn from the stream (seed, k), so the result
/// does not depend on the number of threads.
struct BootstrapIntervals {
  Statistics low;  ///< NaN where fewer than half of the resamples define the figure
  Statistics high;
};

BootstrapIntervals bootstrap(const PreparedSamples& samples, const Statistics& shape,
                             const EvaluationOptions& options);

/// Quantile `q` of ascending `sorted` by linear interpolation between order statistics.
double quantile(const std::vector<double>& sorted, double q);

}  // namespace firstlight
