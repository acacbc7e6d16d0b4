#include "statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "firstlight/score/score.h"

namespace firstlight {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
/// A probability of exactly 0 for the truth would make the mean infinite; scikit-learn's bound.
constexpr double kSmallestProbability = std::numeric_limits<double>::epsilon();

}  // namespace

PreparedSamples::PreparedSamples(const EvaluationInput& input, std::size_t classes, int bins,
                                 std::vector<double> prior)
    : classes_(classes),
      prior_(std::move(prior)),
      weight_(input.weights),
      score_(classes),
      bins_(static_cast<std::size_t>(bins)) {
  const std::size_t n = input.truth.size();
  if (weight_.empty()) weight_.assign(n, 1.0);
  std::vector<double> scaled(classes);
  for (std::size_t i = 0; i < n; ++i) {
    const std::span<const double> p(input.probabilities.data() + i * classes, classes);
    const std::size_t truth = input.truth[i].index();
    const ClassId label = input.predicted.empty() ? most_likely(p) : input.predicted[i];
    truth_.push_back(static_cast<std::uint32_t>(truth));
    label_.push_back(static_cast<std::uint32_t>(label.value));
    confidence_.push_back(p[label.index()]);
    double squared = 0;
    for (std::size_t k = 0; k < classes; ++k) {
      score_[k].push_back(p[k]);
      const double miss = p[k] - (k == truth ? 1.0 : 0.0);
      squared += miss * miss;
    }
    brier_.push_back(squared);
    nll_.push_back(-std::log(std::max(p[truth], kSmallestProbability)));
    const double upper = std::ceil(confidence_.back() * bins);
    bin_.push_back(static_cast<std::uint32_t>(std::clamp(upper - 1, 0.0, bins - 1.0)));
    if (!prior_.empty()) {
      for (std::size_t k = 0; k < classes; ++k) scaled[k] = p[k] * prior_[k];
      reweighted_label_.push_back(static_cast<std::uint32_t>(most_likely(scaled).value));
    }
  }
  for (std::size_t k = 0; k < classes; ++k) by_score_.push_back(rank(score_[k]));
  by_confidence_ = rank(confidence_);
}

PreparedSamples::Ranking PreparedSamples::rank(std::span<const double> scores) {
  Ranking ranking;
  ranking.order.resize(scores.size());
  std::iota(ranking.order.begin(), ranking.order.end(), 0u);
  std::stable_sort(ranking.order.begin(), ranking.order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b]; });
  ranking.last_of_tie.resize(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    ranking.last_of_tie[i] =
        i + 1 == scores.size() || scores[ranking.order[i]] != scores[ranking.order[i + 1]];
  }
  return ranking;
}

ConfusionMatrix PreparedSamples::count(const std::vector<std::uint32_t>& labels,
                                       std::span<const double> times) const {
  ConfusionMatrix matrix(classes_);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    matrix.at(truth_[i], labels[i]) += weight_[i] * times[i];
  }
  return matrix;
}

ConfusionMatrix PreparedSamples::confusion(std::span<const double> times) const {
  return count(label_, times);
}

ConfusionMatrix PreparedSamples::reweighted_confusion(std::span<const double> times) const {
  return count(reweighted_label_, times);
}

double PreparedSamples::auc(std::size_t class_index, std::span<const double> times) const {
  const Ranking& ranking = by_score_[class_index];
  double positives = 0;
  double negatives = 0;
  double tied_positives = 0;
  double tied_negatives = 0;
  double area = 0;  // pairs with the positive above the negative; a tie counts half
  for (std::size_t rank = 0; rank < ranking.order.size(); ++rank) {
    const std::uint32_t i = ranking.order[rank];
    const double weight = weight_[i] * times[i];
    (truth_[i] == class_index ? tied_positives : tied_negatives) += weight;
    if (ranking.last_of_tie[rank] == 0) continue;
    area += tied_negatives * (positives + 0.5 * tied_positives);
    positives += std::exchange(tied_positives, 0.0);
    negatives += std::exchange(tied_negatives, 0.0);
  }
  return positives > 0 && negatives > 0 ? area / (positives * negatives) : kNaN;
}

double PreparedSamples::aurc(std::span<const double> times) const {
  double kept = 0;
  double wrong = 0;
  double tied = 0;
  double area = 0;
  for (std::size_t rank = 0; rank < by_confidence_.order.size(); ++rank) {
    const std::uint32_t i = by_confidence_.order[rank];
    const double weight = weight_[i] * times[i];
    tied += weight;
    if (truth_[i] != label_[i]) wrong += weight;
    if (by_confidence_.last_of_tie[rank] == 0) continue;
    kept += tied;
    if (kept > 0) area += tied * wrong / kept;
    tied = 0;
  }
  return kept > 0 ? area / kept : kNaN;
}

std::vector<PreparedSamples::BinSums> PreparedSamples::bin_sums(
    std::span<const double> times) const {
  std::vector<BinSums> bins(bins_);
  for (std::size_t i = 0; i < truth_.size(); ++i) {
    BinSums& bin = bins[bin_[i]];
    const double weight = weight_[i] * times[i];
    bin.weight += weight;
    bin.squares += weight_[i] * weight;
    bin.confidence += weight * confidence_[i];
    bin.count += times[i];
    if (truth_[i] == label_[i]) bin.right += weight;
  }
  return bins;
}

Statistics PreparedSamples::statistics(std::span<const double> times) const {
  Statistics result;
  const ConfusionMatrix matrix = confusion(times);
  add_confusion_figures(matrix, result);
  for (std::size_t k = 0; k < classes_; ++k) result.auc.push_back(auc(k, times));
  add_means(matrix, result);

  double total = 0;
  for (std::size_t i = 0; i < truth_.size(); ++i) {
    const double weight = weight_[i] * times[i];
    total += weight;
    result.nll += weight * nll_[i];
    result.brier += weight * brier_[i];
  }
  double squared_gaps = 0;
  double in_squared_gaps = 0;
  for (const BinSums& bin : bin_sums(times)) {
    if (!(bin.weight > 0)) continue;
    const double accuracy = bin.right / bin.weight;
    const double gap = bin.confidence / bin.weight - accuracy;
    result.ece += bin.weight * std::abs(gap);
    // Kumar, Liang & Ma 2019, section 5: the variance of the accuracy is taken off the squared gap.
    const double effective = bin.weight * bin.weight / bin.squares;
    if (!(effective > 1)) continue;
    squared_gaps += bin.weight * (gap * gap - accuracy * (1 - accuracy) / (effective - 1));
    in_squared_gaps += bin.weight;
  }
  for (double* sum : {&result.nll, &result.brier, &result.ece}) {
    *sum = total > 0 ? *sum / total : kNaN;
  }
  result.ece_debiased =
      in_squared_gaps > 0 ? std::sqrt(std::max(0.0, squared_gaps / in_squared_gaps)) : kNaN;
  result.aurc = aurc(times);

  if (!prior_.empty()) {
    result.prevalence.push_back(at_prevalence(matrix, prior_));
    result.prevalence.push_back(at_prevalence(reweighted_confusion(times), prior_));
  }
  return result;
}

}  // namespace firstlight
