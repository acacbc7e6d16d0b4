#include "figures.h"

#include <fmt/format.h>

#include "firstlight/score/score.h"

namespace firstlight::check_detail {

ClassifierOutput output_of(const std::string& name, const std::vector<double>& log_scores,
                           std::size_t classes) {
  ClassifierOutput output;
  output.name = name;
  for (std::size_t i = 0; i < log_scores.size(); i += classes) {
    const std::vector<double> p = softmax({log_scores.data() + i, classes});
    output.predicted.push_back(most_likely(p));
    output.probabilities.insert(output.probabilities.end(), p.begin(), p.end());
  }
  return output;
}

std::string samples_line(std::size_t n, std::size_t failed, std::size_t without_truth,
                         double level) {
  return fmt::format("samples with truth: {}; without: {}; failed: {}; intervals: {:g} %\n\n", n,
                     without_truth, failed, 100 * level);
}

Json estimate(const Estimate& e, double level) { return Json::parse(to_json(e, level)); }

Json samples_json(std::size_t n, std::size_t failed, std::size_t without_truth) {
  return {{"n", n}, {"failed", failed}, {"without_truth", without_truth}};
}

}  // namespace firstlight::check_detail
