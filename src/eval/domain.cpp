#include "firstlight/base/error.h"
#include "firstlight/eval/evaluation.h"

namespace firstlight {

std::vector<DomainMetrics> domain_metrics(const EvaluationInput& input, double level) {
  if (input.warned.empty()) return {};
  if (input.warned.size() != input.truth.size() || input.predicted.size() != input.truth.size()) {
    throw Error::usage("evaluation", "warnings, labels and truth differ in number");
  }
  double all[2] = {0, 0};
  double right[2] = {0, 0};
  for (std::size_t i = 0; i < input.truth.size(); ++i) {
    ++all[input.warned[i] ? 1 : 0];
    right[input.warned[i] ? 1 : 0] += input.predicted[i] == input.truth[i] ? 1 : 0;
  }
  return {{fraction(all[1], all[0] + all[1], level, "no labelled samples"),
           fraction(right[1], all[1], level, "no sample has a warning"),
           fraction(right[0], all[0], level, "every sample has a warning")}};
}

}  // namespace firstlight
