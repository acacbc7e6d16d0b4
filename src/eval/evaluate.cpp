#include <algorithm>
#include <cmath>

#include "bootstrap.h"
#include "firstlight/eval/evaluation.h"
#include "prepare.h"
#include "selection.h"
#include "statistics.h"

namespace firstlight {
namespace {

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
  result.domain = domain_metrics(input, options.level);
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
