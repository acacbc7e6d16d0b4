#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "firstlight/eval/evaluation.h"
#include "statistics.h"

namespace firstlight {

/// Percentile intervals (Efron & Tibshirani 1993, chapter 13) of every figure: as many samples as
/// there are, drawn with replacement. Resample k is drawn from the stream (seed, k), so the result
/// does not depend on the number of threads.
struct BootstrapIntervals {
  Statistics low;  ///< NaN where fewer than half of the resamples define the figure
  Statistics high;
  Statistics low_one_sigma;  ///< the same at the coverage kOneSigma
  Statistics high_one_sigma;
};

BootstrapIntervals bootstrap(const PreparedSamples& samples, const Statistics& shape,
                             const EvaluationOptions& options);

/// Quantile `q` of ascending `sorted` by linear interpolation between order statistics.
double quantile(const std::vector<double>& sorted, double q);

/// How often each of the samples occurs in resample `r`.
void draw_resample(std::uint64_t seed, std::uint64_t r, std::span<double> times);

/// `value` with the percentiles of what the resamples gave, NaN where one does not define it; no
/// interval where fewer than half do.
Estimate with_percentiles(double value, std::vector<double> drawn, double level,
                          const std::string& undefined);

}  // namespace firstlight
