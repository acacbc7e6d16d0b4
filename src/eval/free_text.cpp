#include "firstlight/eval/evaluation.h"

namespace firstlight {

std::vector<FreeTextMetrics> free_text_metrics(const std::vector<FreeTextLabel>& labels,
                                               double level) {
  if (labels.empty()) return {};
  double read = 0, agreeing = 0, with_truth = 0, with_truth_read = 0, right = 0;
  for (const FreeTextLabel& label : labels) {
    if (label.truth) ++with_truth;
    if (!label.read) continue;
    ++read;
    if (*label.read == label.scored) ++agreeing;
    if (!label.truth) continue;
    ++with_truth_read;
    if (*label.read == *label.truth) ++right;
  }
  const std::string none = "no text gives a label";
  const std::string no_truth = "no labelled samples";
  return {{labels.size(), fraction(read, static_cast<double>(labels.size()), level),
           fraction(agreeing, read, level, none), fraction(right, with_truth, level, no_truth),
           fraction(right, with_truth_read, level, with_truth > 0 ? none : no_truth)}};
}

}  // namespace firstlight
