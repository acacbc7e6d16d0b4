#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "firstlight/base/class_id.h"
#include "firstlight/eval/evaluation.h"

namespace firstlight {

/// Sums of weights, truth by label.
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(std::size_t classes) : classes_(classes), counts_(classes * classes) {}

  double& at(std::size_t truth, std::size_t label) { return counts_[truth * classes_ + label]; }
  double at(std::size_t truth, std::size_t label) const {
    return counts_[truth * classes_ + label];
  }
  std::size_t classes() const { return classes_; }
  double support(std::size_t truth) const;
  double predicted(std::size_t label) const;
  double right() const;
  double total() const;

 private:
  std::size_t classes_;
  std::vector<double> counts_;
};

/// Every figure that is a number, for one set of weights. NaN where it is not defined.
struct Statistics {
  /// Of one way to label, at the prevalence of a survey.
  struct Prevalence {
    double accuracy = 0;
    std::vector<double> purity;
    std::vector<double> efficiency;
  };
  struct Means {
    double precision = 0;
    double recall = 0;
    double f1 = 0;
    double auc = 0;
  };

  double accuracy = 0;
  double balanced_accuracy = 0;
  std::vector<double> precision, recall, f1, auc;
  std::vector<double> product;  ///< efficiency times purity: recall times precision
  Means macro;
  Means weighted;
  double nll = 0;
  double brier = 0;
  double ece = 0;
  double ece_debiased = 0;
  double aurc = 0;
  std::vector<Prevalence> prevalence;  ///< empty, or as classified and reweighted

  /// Calls `visit(number)` for each number, always in the same order.
  template <typename Self, typename Visit>
  static void for_each(Self& self, const Visit& visit);
};

/// Samples prepared once, so that a resample costs one pass without sorting.
class PreparedSamples {
 public:
  /// `input` has been checked; `prior` is complete (one entry a class) or empty.
  PreparedSamples(const EvaluationInput& input, std::size_t classes, int bins,
                  std::vector<double> prior);

  std::size_t size() const { return truth_.size(); }
  std::size_t classes() const { return classes_; }

  /// All figures where sample i occurs `times[i]` times.
  Statistics statistics(std::span<const double> times) const;
  ConfusionMatrix confusion(std::span<const double> times) const;
  ConfusionMatrix reweighted_confusion(std::span<const double> times) const;
  std::vector<ReliabilityBin> reliability(double level) const;
  RocCurve roc(std::size_t class_index, std::size_t max_points) const;
  RiskCoverage risk_coverage(std::size_t max_points) const;

 private:
  /// Samples from the largest score to the smallest; equal scores stand together.
  struct Ranking {
    std::vector<std::uint32_t> order;
    std::vector<std::uint8_t> last_of_tie;
  };
  struct BinSums {
    double weight = 0;
    double squares = 0;
    double confidence = 0;
    double right = 0;
    double count = 0;
  };

  static Ranking rank(std::span<const double> scores);
  std::vector<BinSums> bin_sums(std::span<const double> times) const;
  double auc(std::size_t class_index, std::span<const double> times) const;
  double aurc(std::span<const double> times) const;
  ConfusionMatrix count(const std::vector<std::uint32_t>& labels,
                        std::span<const double> times) const;

  std::size_t classes_;
  std::vector<double> prior_;
  std::vector<std::uint32_t> truth_;
  std::vector<std::uint32_t> label_;
  std::vector<std::uint32_t> reweighted_label_;
  std::vector<double> weight_;
  std::vector<double> confidence_;
  std::vector<std::vector<double>> score_;  ///< [class][sample]
  std::vector<double> nll_;
  std::vector<double> brier_;
  std::vector<std::uint32_t> bin_;
  std::size_t bins_;
  std::vector<Ranking> by_score_;  ///< by class
  Ranking by_confidence_;
};

/// Fills the figures that follow from the confusion matrix alone.
void add_confusion_figures(const ConfusionMatrix& confusion, Statistics& statistics);
/// Purity, efficiency and accuracy at the prevalence `prior` (complete).
Statistics::Prevalence at_prevalence(const ConfusionMatrix& confusion,
                                     std::span<const double> prior);
/// Means of by-class figures over the classes with samples; NaN there counts as 0 in precision,
/// and is left out otherwise.
void add_means(const ConfusionMatrix& confusion, Statistics& statistics);

template <typename Self, typename Visit>
void Statistics::for_each(Self& self, const Visit& visit) {
  const auto means = [&](auto& m) {
    visit(m.precision);
    visit(m.recall);
    visit(m.f1);
    visit(m.auc);
  };
  visit(self.accuracy);
  visit(self.balanced_accuracy);
  for (auto* figures : {&self.precision, &self.recall, &self.f1, &self.auc, &self.product}) {
    for (auto& figure : *figures) visit(figure);
  }
  means(self.macro);
  means(self.weighted);
  visit(self.nll);
  visit(self.brier);
  visit(self.ece);
  visit(self.ece_debiased);
  visit(self.aurc);
  for (auto& p : self.prevalence) {
    visit(p.accuracy);
    for (auto& figure : p.purity) visit(figure);
    for (auto& figure : p.efficiency) visit(figure);
  }
}

}  // namespace firstlight
