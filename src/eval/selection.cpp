#include "selection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "bootstrap.h"
#include "firstlight/base/parallel.h"
#include "firstlight/score/score.h"

namespace firstlight {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kNoClass = -1;

/// Labelled and background samples in one list.
class Events {
 public:
  Events(const EvaluationInput& input, std::size_t classes) : classes_(classes) {
    for (std::size_t i = 0; i < input.truth.size(); ++i) {
      add(input.probabilities.data() + i * classes, input.truth[i].value, input.predicted[i].value,
          input.weights.empty() ? 1.0 : input.weights[i]);
    }
    labelled_ = truth_.size();
    for (const BackgroundSamples& samples : input.backgrounds) {
      for (std::size_t i = 0; i * classes < samples.probabilities.size(); ++i) {
        const double* p = samples.probabilities.data() + i * classes;
        add(p, kNoClass, most_likely({p, classes}).value,
            samples.weights.empty() ? 1.0 : samples.weights[i]);
      }
    }
  }

  std::size_t size() const { return truth_.size(); }
  std::size_t labelled() const { return labelled_; }
  double p(std::size_t i, std::size_t k) const { return p_[i * classes_ + k]; }
  double weight(std::size_t i) const { return weight_[i]; }
  bool is(std::size_t i, std::size_t k) const { return truth_[i] == static_cast<std::int64_t>(k); }
  std::size_t label(std::size_t i) const { return label_[i]; }

  /// The first `n` events from the largest probability of class k to the smallest.
  std::vector<std::size_t> ranked(std::size_t n, std::size_t k) const {
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return p(a, k) > p(b, k); });
    return order;
  }

 private:
  void add(const double* p, std::int64_t truth, std::int32_t label, double weight) {
    p_.insert(p_.end(), p, p + classes_);
    truth_.push_back(truth);
    label_.push_back(static_cast<std::size_t>(label));
    weight_.push_back(weight);
  }

  std::size_t classes_;
  std::size_t labelled_ = 0;
  std::vector<double> p_;
  std::vector<std::int64_t> truth_;
  std::vector<std::size_t> label_;
  std::vector<double> weight_;
};

/// Sums of weights, and of their squares, of what a cut accepts.
struct Accepted {
  double signal = 0;
  double signal_squares = 0;
  double background = 0;
  double background_squares = 0;

  void add(double weight, bool is_signal) {
    (is_signal ? signal : background) += weight;
    (is_signal ? signal_squares : background_squares) += weight * weight;
  }
};

double significance(double signal, double background) {
  return signal + background > 0 ? signal / std::sqrt(signal + background)
                                 : std::numeric_limits<double>::quiet_NaN();
}

std::vector<WorkingPoint> working_points(const Events& events, std::size_t k,
                                         const EvaluationOptions& options) {
  Accepted all;
  for (std::size_t i = 0; i < events.labelled(); ++i) all.add(events.weight(i), events.is(i, k));
  const std::vector<std::size_t> order = events.ranked(events.labelled(), k);
  std::vector<WorkingPoint> points;
  for (const double allowed : options.background_efficiencies) {
    WorkingPoint point;
    point.allowed_background = allowed;
    Accepted kept;
    Accepted now;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
      const std::size_t i = order[rank];
      now.add(events.weight(i), events.is(i, k));
      const bool tie = rank + 1 < order.size() && events.p(order[rank + 1], k) == events.p(i, k);
      if (tie) continue;
      // The rounding of sums of weights must not cost the last sample.
      if (now.background > allowed * all.background * (1 + 1e-12)) break;
      kept = now;
      point.threshold = events.p(i, k);
    }
    point.efficiency = efficiency(kept.signal, all.signal, all.signal_squares, options.level,
                                  "no samples of this class");
    point.background = efficiency(kept.background, all.background, all.background_squares,
                                  options.level, "no samples of other classes");
    point.purity = efficiency(kept.signal, kept.signal + kept.background,
                              kept.signal_squares + kept.background_squares, options.level,
                              "nothing is accepted");
    points.push_back(std::move(point));
  }
  return points;
}

/// The threshold with the largest S / sqrt(S + B); infinity where no threshold gives one.
double best_threshold(const Events& events, std::size_t k) {
  const std::vector<std::size_t> order = events.ranked(events.size(), k);
  double best = -kInfinity;
  double threshold = kInfinity;
  Accepted now;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const std::size_t i = order[rank];
    now.add(events.weight(i), events.is(i, k));
    if (rank + 1 < order.size() && events.p(order[rank + 1], k) == events.p(i, k)) continue;
    const double value = significance(now.signal, now.background);
    if (value > best) {
      best = value;
      threshold = events.p(i, k);
    }
  }
  return threshold;
}

/// The significances of every class, by label and at its threshold, in two rows of classes.
class Significances {
 public:
  Significances(const Events& events, std::size_t classes, const EvaluationOptions& options)
      : events_(events), classes_(classes), options_(options) {
    for (std::size_t k = 0; k < classes; ++k) threshold_.push_back(best_threshold(events, k));
    const std::vector<double> once(events.size(), 1.0);
    accepted_ = accept(once);
    draw();
  }

  Significance by_label(std::size_t k) const { return make(k, 0.0); }
  Significance best(std::size_t k) const { return make(classes_ + k, threshold_[k]); }

 private:
  std::vector<Accepted> accept(const std::vector<double>& times) const {
    std::vector<Accepted> accepted(2 * classes_);
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (times[i] == 0) continue;
      const double weight = times[i] * events_.weight(i);
      const std::size_t label = events_.label(i);
      accepted[label].add(weight, events_.is(i, label));
      for (std::size_t k = 0; k < classes_; ++k) {
        if (events_.p(i, k) >= threshold_[k]) accepted[classes_ + k].add(weight, events_.is(i, k));
      }
    }
    return accepted;
  }

  double value(const Accepted& accepted) const {
    return significance(options_.exposure * accepted.signal,
                        options_.exposure * accepted.background);
  }

  void draw() {
    const auto resamples = static_cast<std::size_t>(options_.resamples);
    drawn_.assign(2 * classes_, std::vector<double>(resamples));
    if (events_.size() == 0) return;
    parallel_for(resamples, 1, [&](std::size_t begin, std::size_t end) {
      std::vector<double> times(events_.size());
      for (std::size_t r = begin; r < end; ++r) {
        draw_resample(options_.seed, r, times);
        const std::vector<Accepted> accepted = accept(times);
        for (std::size_t j = 0; j < accepted.size(); ++j) drawn_[j][r] = value(accepted[j]);
      }
    });
  }

  Significance make(std::size_t j, double threshold) const {
    Significance result;
    result.threshold = threshold;
    result.signal = options_.exposure * accepted_[j].signal;
    result.background = options_.exposure * accepted_[j].background;
    result.value =
        with_percentiles(value(accepted_[j]), drawn_[j], options_.level, "nothing is accepted");
    return result;
  }

  const Events& events_;
  std::size_t classes_;
  const EvaluationOptions& options_;
  std::vector<double> threshold_;
  std::vector<Accepted> accepted_;
  std::vector<std::vector<double>> drawn_;
};

}  // namespace

std::vector<BackgroundMetrics> background_metrics(const EvaluationInput& input, std::size_t classes,
                                                  const EvaluationOptions& options) {
  std::vector<BackgroundMetrics> result;
  for (const BackgroundSamples& samples : input.backgrounds) {
    if (samples.probabilities.empty()) continue;
    BackgroundMetrics metrics;
    metrics.key = samples.key;
    metrics.counts.assign(classes, 0.0);
    metrics.mean_probability.assign(classes, 0.0);
    double squares = 0;
    for (std::size_t i = 0; i * classes < samples.probabilities.size(); ++i) {
      const double* p = samples.probabilities.data() + i * classes;
      const double weight = samples.weights.empty() ? 1.0 : samples.weights[i];
      metrics.n += weight;
      squares += weight * weight;
      metrics.counts[most_likely({p, classes}).index()] += weight;
      for (std::size_t k = 0; k < classes; ++k) metrics.mean_probability[k] += weight * p[k];
    }
    for (std::size_t k = 0; k < classes; ++k) {
      metrics.mean_probability[k] /= metrics.n;
      metrics.labelled.push_back(efficiency(metrics.counts[k], metrics.n, squares, options.level,
                                            "the samples weigh nothing"));
    }
    result.push_back(std::move(metrics));
  }
  return result;
}

std::vector<SelectionMetrics> selection_metrics(const EvaluationInput& input, std::size_t classes,
                                                const EvaluationOptions& options) {
  const Events events(input, classes);
  const Significances significances(events, classes, options);
  std::vector<SelectionMetrics> result;
  for (std::size_t k = 0; k < classes; ++k) {
    result.push_back(
        {working_points(events, k, options), significances.by_label(k), significances.best(k)});
  }
  return result;
}

}  // namespace firstlight
