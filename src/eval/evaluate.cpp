#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "bootstrap.h"
#include "firstlight/base/error.h"
#include "firstlight/eval/evaluation.h"
#include "firstlight/score/score.h"
#include "selection.h"
#include "statistics.h"

namespace firstlight {
namespace {

/// The classes of a task, or what merging leaves of them.
struct ClassSet {
  std::vector<std::string> names;
  std::vector<std::size_t> place;  ///< of each class of the task among `names`
};

ClassSet own_classes(const Task& task) {
  ClassSet set;
  for (const ClassDefinition& c : task.classes) {
    set.place.push_back(set.names.size());
    set.names.push_back(c.key);
  }
  return set;
}

/// A merge stands where its first class stood.
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

/// One prevalence a class: the given ones, and the rest by the classes' shares of the data.
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

/// The same with a label for every sample.
EvaluationInput with_labels(EvaluationInput input, std::size_t classes) {
  if (!input.predicted.empty()) return input;
  for (std::size_t i = 0; i < input.truth.size(); ++i) {
    input.predicted.push_back(most_likely({input.probabilities.data() + i * classes, classes}));
  }
  return input;
}

/// Joins a figure with its bootstrap interval.
Estimate estimate(double value, double low, double high, const std::string& undefined) {
  Estimate result;
  result.value = value;
  if (std::isnan(value)) {
    result.undefined = undefined;
    return result;
  }
  result.low = low;
  result.high = high;
  if (!std::isnan(low)) result.method = "bootstrap";
  return result;
}

class Assembly {
 public:
  Assembly(const EvaluationInput& input, std::vector<std::string> names, std::vector<double> prior,
           const EvaluationOptions& options)
      : input_(with_labels(input, names.size())),
        options_(options),
        prior_(std::move(prior)),
        samples_(input_, names.size(), options.bins, prior_),
        once_(samples_.size(), 1.0),
        confusion_(samples_.confusion(once_)),
        value_(samples_.statistics(once_)),
        interval_(bootstrap(samples_, value_, options)) {
    result_.classes = std::move(names);
  }

  Evaluation run(bool with_selection = true) && {
    result_.n = input_.truth.size();
    result_.failed = input_.failed;
    result_.without_truth = input_.without_truth;
    result_.event_weights = !input_.weights.empty();
    result_.level = options_.level;
    result_.resamples = options_.resamples;
    result_.seed = options_.seed;
    add_whole();
    add_classes();
    add_curves();
    add_prior();
    result_.sets = set_metrics(input_, options_);
    result_.exposure = options_.exposure;
    if (!with_selection) return std::move(result_);
    result_.selection = selection_metrics(input_, samples_.classes(), options_);
    result_.backgrounds = background_metrics(input_, samples_.classes(), options_);
    result_.against = against_columns(input_, samples_.classes(), options_);
    return std::move(result_);
  }

 private:
  static constexpr const char* kNone = "no labelled samples";

  /// `get` picks the figure from a Statistics.
  template <typename Get>
  Estimate by_bootstrap(const Get& get, const std::string& undefined) const {
    return estimate(get(value_), get(interval_.low), get(interval_.high), undefined);
  }
  /// A fraction of counts: exact interval, unless events are weighted.
  template <typename Get>
  Estimate by_counts(double part, double whole, const Get& get,
                     const std::string& undefined) const {
    return result_.event_weights ? by_bootstrap(get, undefined)
                                 : fraction(part, whole, options_.level, undefined);
  }

  /// Adds the interval of one standard deviation, by the method that the figure has.
  template <typename Get>
  Estimate with_one_sigma(Estimate figure, double part, double whole, const Get& get) const {
    if (figure.method == "clopper_pearson") {
      const Estimate inner = fraction(part, whole, kOneSigma);
      figure.one_sigma = Interval{inner.low, inner.high};
    } else if (figure.method == "bootstrap") {
      figure.one_sigma = Interval{get(interval_.low_one_sigma), get(interval_.high_one_sigma)};
    }
    return figure;
  }

  void add_whole() {
    using S = Statistics;
    result_.accuracy = by_counts(
        confusion_.right(), confusion_.total(), [](const S& s) { return s.accuracy; }, kNone);
    result_.balanced_accuracy = by_bootstrap([](const S& s) { return s.balanced_accuracy; }, kNone);
    result_.nll = by_bootstrap([](const S& s) { return s.nll; }, kNone);
    result_.brier = by_bootstrap([](const S& s) { return s.brier; }, kNone);
    result_.ece = by_bootstrap([](const S& s) { return s.ece; }, kNone);
    result_.ece_debiased = by_bootstrap([](const S& s) { return s.ece_debiased; },
                                        result_.n == 0 ? kNone : "no bin has two samples");
    result_.aurc = by_bootstrap([](const S& s) { return s.aurc; }, kNone);
    const auto means = [&](Statistics::Means S::*which) {
      const auto mean = [&](double Statistics::Means::*figure, const char* undefined) {
        return by_bootstrap([=](const S& s) { return (s.*which).*figure; }, undefined);
      };
      return MeanMetrics{
          mean(&S::Means::precision, kNone), mean(&S::Means::recall, kNone),
          mean(&S::Means::f1, kNone),
          mean(&S::Means::auc, result_.n == 0 ? kNone : "only one class has samples")};
    };
    result_.macro = means(&S::macro);
    result_.weighted = means(&S::weighted);
  }

  void add_classes() {
    const std::size_t classes = samples_.classes();
    for (std::size_t k = 0; k < classes; ++k) {
      const double right = confusion_.at(k, k);
      ClassMetrics metrics;
      metrics.support = confusion_.support(k);
      metrics.predicted = confusion_.predicted(k);
      const std::string no_samples = "no samples of this class";
      const std::string no_label = "no sample has this label";
      const auto efficiency_or_purity = [&](double whole, std::vector<double> Statistics::*which,
                                            const std::string& undefined) {
        const auto get = [=](const Statistics& s) { return (s.*which)[k]; };
        return with_one_sigma(by_counts(right, whole, get, undefined), right, whole, get);
      };
      metrics.precision = efficiency_or_purity(metrics.predicted, &Statistics::precision, no_label);
      metrics.recall = efficiency_or_purity(metrics.support, &Statistics::recall, no_samples);
      const auto product = [k](const Statistics& s) { return s.product[k]; };
      metrics.product = with_one_sigma(
          by_bootstrap(product, metrics.support > 0 ? no_label : no_samples), 0, 0, product);
      metrics.f1 = by_bootstrap([k](const Statistics& s) { return s.f1[k]; }, no_samples);
      metrics.auc = by_bootstrap([k](const Statistics& s) { return s.auc[k]; },
                                 metrics.support > 0 ? "no samples of other classes" : no_samples);
      result_.per_class.push_back(std::move(metrics));
      std::vector<double>& row = result_.confusion.emplace_back();
      for (std::size_t label = 0; label < classes; ++label) row.push_back(confusion_.at(k, label));
    }
  }

  void add_curves() {
    const auto points = static_cast<std::size_t>(options_.curve_points);
    result_.reliability = samples_.reliability(options_.level);
    for (std::size_t k = 0; k < samples_.classes(); ++k) {
      result_.roc.push_back(samples_.roc(k, points));
    }
    result_.risk_coverage = samples_.risk_coverage(points);
  }

  AtPrevalence prevalence(std::size_t which, const ConfusionMatrix& matrix) const {
    AtPrevalence result;
    std::string absent;
    for (std::size_t k = 0; k < prior_.size(); ++k) {
      if (prior_[k] > 0 && !(matrix.support(k) > 0)) absent = "no samples of a class with a prior";
    }
    result.accuracy =
        by_bootstrap([=](const Statistics& s) { return s.prevalence[which].accuracy; }, absent);
    for (std::size_t k = 0; k < prior_.size(); ++k) {
      result.purity.push_back(
          by_bootstrap([=](const Statistics& s) { return s.prevalence[which].purity[k]; },
                       absent.empty() ? "no sample has this label" : absent));
      result.efficiency.push_back(by_counts(
          matrix.at(k, k), matrix.support(k),
          [=](const Statistics& s) { return s.prevalence[which].efficiency[k]; },
          "no samples of this class"));
    }
    return result;
  }

  void add_prior() {
    if (prior_.empty()) return;
    result_.prior.push_back(
        {prior_, prevalence(0, confusion_), prevalence(1, samples_.reweighted_confusion(once_))});
  }

  const EvaluationInput input_;
  const EvaluationOptions& options_;
  std::vector<double> prior_;
  PreparedSamples samples_;
  std::vector<double> once_;
  ConfusionMatrix confusion_;
  Statistics value_;
  BootstrapIntervals interval_;
  Evaluation result_;
};

}  // namespace

Evaluation evaluate(const Task& task, const EvaluationInput& input,
                    const EvaluationOptions& options) {
  check(input, task.size(), options);
  const std::vector<double> prior = complete_prior(task, input, options.prior);
  Evaluation result = Assembly(input, own_classes(task).names, prior, options).run();
  if (!input.calibrated.empty()) {
    EvaluationInput calibrated = input;
    calibrated.probabilities = input.calibrated;
    calibrated.predicted.clear();
    calibrated.sets.clear();
    calibrated.free_text.clear();
    result.calibrated.push_back(
        Assembly(calibrated, own_classes(task).names, {}, options).run(false));
  }
  result.free_text = free_text_metrics(input.free_text, options.level);
  if (!task.merges.empty()) {
    const ClassSet set = merged_classes(task);
    std::vector<double> merged_prior;
    if (!prior.empty()) {
      merged_prior.assign(set.names.size(), 0.0);
      for (std::size_t k = 0; k < prior.size(); ++k) merged_prior[set.place[k]] += prior[k];
    }
    const EvaluationInput merged = merge(input, set);
    result.merged.push_back(Assembly(merged, set.names, merged_prior, options).run());
  }
  return result;
}

}  // namespace firstlight
