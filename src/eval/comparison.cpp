#include "firstlight/eval/comparison.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>

#include "bootstrap.h"
#include "firstlight/base/error.h"
#include "firstlight/base/parallel.h"
#include "statistics.h"

namespace firstlight {
namespace {

/// Accuracy and macro AUC of every classifier under every resample: [classifier][resample].
struct Drawn {
  std::vector<std::vector<double>> accuracy;
  std::vector<std::vector<double>> auc;
};

Drawn draw(const std::vector<PreparedSamples>& classifiers, const EvaluationOptions& options) {
  const auto resamples = static_cast<std::size_t>(options.resamples);
  Drawn drawn;
  drawn.accuracy.assign(classifiers.size(), std::vector<double>(resamples));
  drawn.auc = drawn.accuracy;
  if (classifiers.front().size() == 0) return drawn;
  parallel_for(resamples, 1, [&](std::size_t begin, std::size_t end) {
    std::vector<double> times(classifiers.front().size());
    for (std::size_t r = begin; r < end; ++r) {
      draw_resample(options.seed, r, times);
      for (std::size_t c = 0; c < classifiers.size(); ++c) {
        const Statistics statistics = classifiers[c].statistics(times);
        drawn.accuracy[c][r] = statistics.accuracy;
        drawn.auc[c][r] = statistics.macro.auc;
      }
    }
  });
  return drawn;
}

std::vector<double> difference(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> result(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) result[i] = b[i] - a[i];
  return result;
}

}  // namespace

double mcnemar_exact(std::size_t only_a_right, std::size_t only_b_right) {
  const auto fewer = static_cast<double>(std::min(only_a_right, only_b_right));
  const auto more = static_cast<double>(std::max(only_a_right, only_b_right));
  if (fewer == more) return 1;
  // P(X <= fewer) of a binomial with fewer + more trials of probability 1/2.
  return std::min(1.0, 2 * boost::math::ibetac(fewer + 1, more, 0.5));
}

Comparison compare(std::size_t classes, const std::vector<ClassId>& truth,
                   const std::vector<ClassifierOutput>& classifiers,
                   const EvaluationOptions& options) {
  if (classifiers.size() < 2) throw Error::usage("compare", "needs at least two classifiers");
  std::vector<PreparedSamples> prepared;
  std::vector<Statistics> whole;
  Comparison result;
  result.n = truth.size();
  result.level = options.level;
  result.resamples = options.resamples;
  result.seed = options.seed;
  const std::vector<double> once(truth.size(), 1.0);
  for (const ClassifierOutput& output : classifiers) {
    if (output.predicted.size() != truth.size() ||
        output.probabilities.size() != truth.size() * classes) {
      throw Error::usage("compare", "'" + output.name + "' and the truth differ in number");
    }
    result.classifiers.push_back(output.name);
    EvaluationInput input;
    input.truth = truth;
    input.predicted = output.predicted;
    input.probabilities = output.probabilities;
    prepared.emplace_back(input, classes, options.bins, std::vector<double>());
    whole.push_back(prepared.back().statistics(once));
  }
  const Drawn drawn = draw(prepared, options);
  const std::string none = "no samples with truth in common";
  const std::string one_class = truth.empty() ? none : "only one class has samples";
  for (std::size_t c = 0; c < classifiers.size(); ++c) {
    const double right = prepared[c].confusion(once).right();
    result.accuracy.push_back(
        fraction(right, static_cast<double>(truth.size()), options.level, none));
    result.auc.push_back(
        with_percentiles(whole[c].macro.auc, drawn.auc[c], options.level, one_class));
  }
  for (std::size_t a = 0; a < classifiers.size(); ++a) {
    for (std::size_t b = a + 1; b < classifiers.size(); ++b) {
      PairComparison pair;
      pair.a = a;
      pair.b = b;
      for (std::size_t i = 0; i < truth.size(); ++i) {
        const bool a_right = classifiers[a].predicted[i] == truth[i];
        const bool b_right = classifiers[b].predicted[i] == truth[i];
        ++(a_right ? (b_right ? pair.both_right : pair.only_a_right)
                   : (b_right ? pair.only_b_right : pair.neither_right));
      }
      pair.mcnemar_p = mcnemar_exact(pair.only_a_right, pair.only_b_right);
      pair.accuracy_difference =
          with_percentiles(whole[b].accuracy - whole[a].accuracy,
                           difference(drawn.accuracy[a], drawn.accuracy[b]), options.level, none);
      pair.auc_difference =
          with_percentiles(whole[b].macro.auc - whole[a].macro.auc,
                           difference(drawn.auc[a], drawn.auc[b]), options.level, one_class);
      result.pairs.push_back(std::move(pair));
    }
  }
  return result;
}

}  // namespace firstlight
