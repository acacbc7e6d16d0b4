#include <algorithm>
#include <cmath>
#include <limits>

#include "statistics.h"

namespace firstlight {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Positions of at most `max_points` of `n` points, spread evenly, first and last among them.
std::vector<std::size_t> spread(std::size_t n, std::size_t max_points) {
  std::vector<std::size_t> kept;
  const std::size_t m = std::min(n, max_points);
  for (std::size_t i = 0; i < m; ++i) kept.push_back(m < 2 ? 0 : i * (n - 1) / (m - 1));
  return kept;
}

template <typename T>
void keep(std::vector<T>& values, const std::vector<std::size_t>& kept) {
  std::vector<T> out;
  for (const std::size_t i : kept) out.push_back(values[i]);
  values = std::move(out);
}

}  // namespace

std::vector<ReliabilityBin> PreparedSamples::reliability(double level) const {
  const std::vector<double> once(size(), 1.0);
  std::vector<ReliabilityBin> bins;
  const std::vector<BinSums> sums = bin_sums(once);
  for (std::size_t b = 0; b < bins_; ++b) {
    ReliabilityBin bin;
    bin.low = static_cast<double>(b) / static_cast<double>(bins_);
    bin.high = static_cast<double>(b + 1) / static_cast<double>(bins_);
    bin.count = sums[b].weight;
    bin.mean_confidence = sums[b].weight > 0 ? sums[b].confidence / sums[b].weight : kNaN;
    // With event weights the band is that of as many equal events as carry the same information.
    bin.accuracy = weighted_fraction(sums[b].right, sums[b].weight, sums[b].squares, level,
                                     "no samples in the bin");
    bins.push_back(std::move(bin));
  }
  return bins;
}

RocCurve PreparedSamples::roc(std::size_t class_index, std::size_t max_points) const {
  const Ranking& ranking = by_score_[class_index];
  RocCurve curve;
  double positives = 0;
  double negatives = 0;
  std::vector<double> accepted_positives{0.0};
  std::vector<double> accepted_negatives{0.0};
  std::vector<double> thresholds{std::numeric_limits<double>::infinity()};
  for (std::size_t rank = 0; rank < ranking.order.size(); ++rank) {
    const std::uint32_t i = ranking.order[rank];
    (truth_[i] == class_index ? positives : negatives) += weight_[i];
    if (ranking.last_of_tie[rank] == 0) continue;
    accepted_positives.push_back(positives);
    accepted_negatives.push_back(negatives);
    thresholds.push_back(score_[class_index][i]);
  }
  if (!(positives > 0) || !(negatives > 0)) return curve;
  const std::size_t n = thresholds.size();
  for (std::size_t i = 0; i < n; ++i) {
    // A point on the straight line between its neighbours says nothing new.
    if (i > 0 && i + 1 < n) {
      const double before_x = accepted_negatives[i] - accepted_negatives[i - 1];
      const double before_y = accepted_positives[i] - accepted_positives[i - 1];
      const double after_x = accepted_negatives[i + 1] - accepted_negatives[i];
      const double after_y = accepted_positives[i + 1] - accepted_positives[i];
      if (before_x == after_x && before_y == after_y) continue;
      if ((before_x == 0 && after_x == 0) || (before_y == 0 && after_y == 0)) continue;
    }
    curve.false_positive_rate.push_back(accepted_negatives[i] / negatives);
    curve.true_positive_rate.push_back(accepted_positives[i] / positives);
    curve.threshold.push_back(thresholds[i]);
  }
  const auto kept = spread(curve.threshold.size(), max_points);
  keep(curve.false_positive_rate, kept);
  keep(curve.true_positive_rate, kept);
  keep(curve.threshold, kept);
  return curve;
}

RiskCoverage PreparedSamples::risk_coverage(std::size_t max_points) const {
  RiskCoverage curve;
  double kept_weight = 0;
  double wrong = 0;
  for (std::size_t rank = 0; rank < by_confidence_.order.size(); ++rank) {
    const std::uint32_t i = by_confidence_.order[rank];
    kept_weight += weight_[i];
    if (truth_[i] != label_[i]) wrong += weight_[i];
    if (by_confidence_.last_of_tie[rank] == 0 || !(kept_weight > 0)) continue;
    curve.coverage.push_back(kept_weight);
    curve.risk.push_back(wrong / kept_weight);
    curve.threshold.push_back(confidence_[i]);
  }
  for (double& coverage : curve.coverage) coverage /= kept_weight;
  const auto kept = spread(curve.coverage.size(), max_points);
  keep(curve.coverage, kept);
  keep(curve.risk, kept);
  keep(curve.threshold, kept);
  return curve;
}

}  // namespace firstlight
