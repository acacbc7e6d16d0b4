#include <limits>

#include "statistics.h"

namespace firstlight {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double ratio(double part, double whole) { return whole > 0 ? part / whole : kNaN; }

}  // namespace

double ConfusionMatrix::support(std::size_t truth) const {
  double sum = 0;
  for (std::size_t label = 0; label < classes_; ++label) sum += at(truth, label);
  return sum;
}

double ConfusionMatrix::predicted(std::size_t label) const {
  double sum = 0;
  for (std::size_t truth = 0; truth < classes_; ++truth) sum += at(truth, label);
  return sum;
}

double ConfusionMatrix::right() const {
  double sum = 0;
  for (std::size_t i = 0; i < classes_; ++i) sum += at(i, i);
  return sum;
}

double ConfusionMatrix::total() const {
  double sum = 0;
  for (const double count : counts_) sum += count;
  return sum;
}

void add_confusion_figures(const ConfusionMatrix& confusion, Statistics& statistics) {
  statistics.accuracy = ratio(confusion.right(), confusion.total());
  double recalls = 0;
  double present = 0;
  for (std::size_t i = 0; i < confusion.classes(); ++i) {
    const double support = confusion.support(i);
    const double predicted = confusion.predicted(i);
    statistics.precision.push_back(ratio(confusion.at(i, i), predicted));
    statistics.recall.push_back(ratio(confusion.at(i, i), support));
    statistics.product.push_back(statistics.precision.back() * statistics.recall.back());
    statistics.f1.push_back(support > 0 ? 2 * confusion.at(i, i) / (support + predicted) : kNaN);
    if (support > 0) {
      recalls += statistics.recall.back();
      ++present;
    }
  }
  statistics.balanced_accuracy = ratio(recalls, present);
}

void add_means(const ConfusionMatrix& confusion, Statistics& statistics) {
  const auto mean = [&](const std::vector<double>& figures, bool by_support, double absent) {
    double sum = 0;
    double norm = 0;
    for (std::size_t i = 0; i < figures.size(); ++i) {
      const double support = confusion.support(i);
      if (!(support > 0)) continue;
      const double figure = figures[i] == figures[i] ? figures[i] : absent;
      const double weight = by_support ? support : 1.0;
      sum += weight * figure;
      norm += weight;
    }
    return ratio(sum, norm);
  };
  const auto means = [&](bool by_support) {
    return Statistics::Means{
        mean(statistics.precision, by_support, 0), mean(statistics.recall, by_support, kNaN),
        mean(statistics.f1, by_support, kNaN), mean(statistics.auc, by_support, kNaN)};
  };
  statistics.macro = means(false);
  statistics.weighted = means(true);
}

Statistics::Prevalence at_prevalence(const ConfusionMatrix& confusion,
                                     std::span<const double> prior) {
  const std::size_t classes = confusion.classes();
  Statistics::Prevalence result;
  // rate[t][p]: fraction of class t that gets label p; NaN spreads to what depends on it.
  std::vector<double> accepted(classes, 0.0);
  for (std::size_t truth = 0; truth < classes; ++truth) {
    const double support = confusion.support(truth);
    result.efficiency.push_back(ratio(confusion.at(truth, truth), support));
    if (prior[truth] == 0) continue;
    for (std::size_t label = 0; label < classes; ++label) {
      accepted[label] += prior[truth] * ratio(confusion.at(truth, label), support);
    }
    result.accuracy += prior[truth] * result.efficiency.back();
  }
  for (std::size_t i = 0; i < classes; ++i) {
    const double right = prior[i] == 0 ? 0.0 : prior[i] * result.efficiency[i];
    result.purity.push_back(ratio(right, accepted[i]));
  }
  return result;
}

}  // namespace firstlight
