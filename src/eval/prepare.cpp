#include "prepare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "firstlight/base/error.h"
#include "firstlight/score/score.h"

namespace firstlight {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw Error::usage("evaluation", what); }

void check_probabilities(std::span<const double> probabilities, const std::string& sample) {
  double sum = 0;
  for (const double p : probabilities) {
    if (!(p >= 0 && p <= 1)) refuse(sample + " has a probability outside [0, 1]");
    sum += p;
  }
  if (std::abs(sum - 1) > 1e-6) refuse(sample + " has probabilities that do not sum to 1");
}

void check_weight(double weight, const std::string& sample) {
  if (!(weight >= 0 && std::isfinite(weight))) {
    refuse(sample + " has a weight that is negative or not finite");
  }
}

/// Rows of probabilities with those of merged classes summed.
std::vector<double> merge(const std::vector<double>& probabilities, const ClassSet& set) {
  const std::size_t classes = set.place.size();
  const std::size_t rows = probabilities.size() / classes;
  std::vector<double> merged(rows * set.names.size(), 0.0);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t k = 0; k < classes; ++k) {
      double& target = merged[i * set.names.size() + set.place[k]];
      target = std::min(1.0, target + probabilities[i * classes + k]);
    }
  }
  return merged;
}

}  // namespace

ClassSet own_classes(const Task& task) {
  ClassSet set;
  for (const ClassDefinition& c : task.classes) {
    set.place.push_back(set.names.size());
    set.names.push_back(c.key);
  }
  return set;
}

ClassSet merged_classes(const Task& task) {
  constexpr std::size_t kUnset = std::numeric_limits<std::size_t>::max();
  ClassSet set;
  set.place.assign(task.size(), kUnset);
  for (std::size_t i = 0; i < task.size(); ++i) {
    if (set.place[i] != kUnset) continue;
    set.place[i] = set.names.size();
    std::string name = task.classes[i].key;
    for (const ClassMerge& merge : task.merges) {
      const ClassId id{static_cast<std::int32_t>(i)};
      if (std::find(merge.classes.begin(), merge.classes.end(), id) == merge.classes.end())
        continue;
      name = merge.name;
      for (const ClassId other : merge.classes) set.place[other.index()] = set.names.size();
    }
    set.names.push_back(name);
  }
  return set;
}

void check(const EvaluationInput& input, std::size_t classes, const EvaluationOptions& options) {
  const std::size_t n = input.truth.size();
  if (input.probabilities.size() != n * classes) {
    refuse(std::to_string(n) + " samples of " + std::to_string(classes) + " classes need " +
           std::to_string(n * classes) + " probabilities, not " +
           std::to_string(input.probabilities.size()));
  }
  if (!input.predicted.empty() && input.predicted.size() != n) {
    refuse("labels and truth differ in number");
  }
  if (!input.weights.empty() && input.weights.size() != n) {
    refuse("weights and truth differ in number");
  }
  const auto in_range = [&](ClassId id) { return id.value >= 0 && id.index() < classes; };
  for (std::size_t i = 0; i < n; ++i) {
    const std::string sample = "sample " + std::to_string(i);
    if (!in_range(input.truth[i])) refuse(sample + " has a truth that is no class");
    if (!input.predicted.empty() && !in_range(input.predicted[i])) {
      refuse(sample + " has a label that is no class");
    }
    if (!input.weights.empty()) check_weight(input.weights[i], sample);
    check_probabilities({input.probabilities.data() + i * classes, classes}, sample);
  }
  if (!input.calibrated.empty() && input.calibrated.size() != n * classes) {
    refuse("calibrated and other probabilities differ in number");
  }
  for (std::size_t i = 0; i * classes < input.calibrated.size(); ++i) {
    check_probabilities({input.calibrated.data() + i * classes, classes},
                        "calibrated sample " + std::to_string(i));
  }
  for (const ConformalSets& sets : input.sets) {
    if (sets.sets.size() != n) refuse("conformal sets and truth differ in number");
  }
  for (const BackgroundSamples& samples : input.backgrounds) {
    const std::string name = "background '" + samples.key + "'";
    const std::size_t size = samples.probabilities.size() / classes;
    if (samples.probabilities.size() != size * classes) refuse(name + " has incomplete rows");
    if (!samples.weights.empty() && samples.weights.size() != size) {
      refuse(name + " has weights and probabilities that differ in number");
    }
    for (std::size_t i = 0; i < size; ++i) {
      check_probabilities({samples.probabilities.data() + i * classes, classes},
                          name + ", sample " + std::to_string(i));
      if (!samples.weights.empty()) check_weight(samples.weights[i], name);
    }
  }
  for (const ColumnValues& column : input.against) {
    const std::size_t size = column.texts.empty() ? column.numbers.size() : column.texts.size();
    if (size != n) refuse("column '" + column.binning.column + "' and truth differ in number");
  }
  if (!(options.level > 0 && options.level < 1)) refuse("the level must lie between 0 and 1");
  if (options.resamples < 0) refuse("the number of resamples is negative");
  if (options.bins < 1 || options.bins > 100'000) refuse("the number of bins must be 1 to 100000");
  if (options.curve_points < 2) refuse("a curve needs at least 2 points");
  if (!(options.exposure > 0 && std::isfinite(options.exposure))) {
    refuse("the exposure must be greater than 0");
  }
  for (const double allowed : options.background_efficiencies) {
    if (!(allowed > 0 && allowed <= 1)) refuse("a background efficiency must lie in (0, 1]");
  }
}

std::vector<double> complete_prior(const Task& task, const EvaluationInput& input,
                                   const std::vector<std::pair<ClassId, double>>& given) {
  if (given.empty()) return {};
  std::vector<double> prior(task.size(), -1.0);
  double left = 1;
  for (const auto& [id, p] : given) {
    if (id.value < 0 || id.index() >= task.size()) refuse("the prior names no class of the task");
    if (!(p >= 0 && p <= 1)) refuse("a prior must lie from 0 to 1");
    if (prior[id.index()] >= 0) {
      refuse("the prior of '" + task.classes[id.index()].key + "' is given twice");
    }
    prior[id.index()] = p;
    left -= p;
  }
  if (left < -1e-9) refuse("the priors sum to more than 1");
  left = std::max(left, 0.0);
  std::vector<double> share(task.size(), 0.0);
  for (std::size_t i = 0; i < input.truth.size(); ++i) {
    share[input.truth[i].index()] += input.weights.empty() ? 1.0 : input.weights[i];
  }
  double free_share = 0;
  std::size_t free_classes = 0;
  for (std::size_t k = 0; k < prior.size(); ++k) {
    if (prior[k] >= 0) continue;
    free_share += share[k];
    ++free_classes;
  }
  if (free_classes == 0 && left > 1e-9) refuse("the priors of all classes sum to less than 1");
  for (std::size_t k = 0; k < prior.size(); ++k) {
    if (prior[k] >= 0) continue;
    prior[k] =
        free_share > 0 ? left * share[k] / free_share : left / static_cast<double>(free_classes);
  }
  return prior;
}

EvaluationInput merge(const EvaluationInput& input, const ClassSet& set) {
  EvaluationInput merged = input;
  merged.predicted.clear();
  merged.calibrated.clear();
  merged.sets.clear();
  merged.probabilities = merge(input.probabilities, set);
  for (ClassId& truth : merged.truth) {
    truth = ClassId{static_cast<std::int32_t>(set.place[truth.index()])};
  }
  for (BackgroundSamples& samples : merged.backgrounds) {
    samples.probabilities = merge(samples.probabilities, set);
  }
  return merged;
}

EvaluationInput with_labels(EvaluationInput input, std::size_t classes) {
  if (!input.predicted.empty()) return input;
  for (std::size_t i = 0; i < input.truth.size(); ++i) {
    input.predicted.push_back(most_likely({input.probabilities.data() + i * classes, classes}));
  }
  return input;
}

}  // namespace firstlight
