#include <algorithm>

#include "selection.h"

namespace firstlight {

std::vector<SetMetrics> set_metrics(const EvaluationInput& input,
                                    const EvaluationOptions& options) {
  std::vector<SetMetrics> result;
  for (const ConformalSets& sets : input.sets) {
    SetMetrics metrics;
    metrics.coverage = sets.coverage;
    double all = 0;
    double squares = 0;
    double covered = 0;
    double single = 0;
    std::vector<double> sizes;
    for (std::size_t i = 0; i < sets.sets.size(); ++i) {
      const std::vector<ClassId>& set = sets.sets[i];
      const double weight = input.weights.empty() ? 1.0 : input.weights[i];
      all += weight;
      squares += weight * weight;
      if (std::find(set.begin(), set.end(), input.truth[i]) != set.end()) covered += weight;
      if (set.size() == 1) single += weight;
      sizes.push_back(static_cast<double>(set.size()));
    }
    metrics.covered = efficiency(covered, all, squares, options.level, "no labelled samples");
    metrics.single = efficiency(single, all, squares, options.level, "no labelled samples");
    metrics.mean_size = mean_estimate(sizes, input.weights, options);
    result.push_back(std::move(metrics));
  }
  return result;
}

}  // namespace firstlight
