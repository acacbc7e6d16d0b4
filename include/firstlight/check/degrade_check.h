#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "firstlight/check/trials.h"
#include "firstlight/eval/intervals.h"

namespace firstlight {

/// What is done to the pictures: each value of each list by itself, all else as it was.
struct DegradeSettings {
  std::vector<double> resolution = {0.5, 0.25};  ///< image/degrade.h gives the ranges
  std::vector<double> noise = {0.05, 0.1, 0.2};
  std::vector<double> dead = {0.05, 0.1, 0.2};
  bool dead_rows = false;
  std::uint64_t seed = 1;  ///< of noise and dead channels, together with the sample's id
};

/// A point of a robustness curve. Changes are against the pictures as they are, by a bootstrap that
/// draws the same samples for both.
struct DegradePoint {
  std::string setting;  ///< "none" (the first point), "resolution", "noise" or "dead"
  double value = 0;
  Estimate accuracy;
  Estimate auc;  ///< macro
  Estimate mean_confidence;
  Estimate accuracy_change;
  Estimate auc_change;
};

struct DegradeCheck {
  std::size_t n = 0;
  std::size_t failed = 0;
  std::size_t without_truth = 0;
  double level = 0.95;
  std::vector<DegradePoint> points;
};

/// Accuracy as the pictures get worse. They are degraded as the model gets them, after stretch,
/// crop and resize of the task; views whose resize_filter is max or sum, or that shrink by max,
/// lose resolution by it, others by area, and an inverted view is degraded as it was before the
/// inversion. Throws as run_trials and degrade().
DegradeCheck check_degrade(const SampleSource& source, const Task& task,
                           const Classifier& classifier, const DegradeSettings& settings,
                           const CheckOptions& options);

std::string to_text(const DegradeCheck& check);
/// One JSON object (docs/checks.md).
std::string to_json(const DegradeCheck& check);

}  // namespace firstlight
