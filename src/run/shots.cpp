#include <algorithm>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/hash.h"
#include "firstlight/run/runner.h"
#include "truth.h"

namespace firstlight {

std::vector<Shot> choose_shots(const SampleSource& source, const Task& task, int per_class,
                               std::uint64_t seed, const std::vector<std::string>& ignore_truth) {
  std::vector<std::vector<std::pair<std::uint64_t, std::size_t>>> candidates(task.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    const auto truth = run_detail::truth_class(task, source.truth(i), ignore_truth);
    if (!truth) continue;
    candidates[truth->index()].emplace_back(
        stable_hash64("shot/" + std::to_string(seed) + "/" + source.id(i)), i);
  }
  const auto wanted = static_cast<std::size_t>(per_class);
  std::vector<std::vector<PreparedSample>> chosen(task.size());
  for (std::size_t c = 0; c < task.size(); ++c) {
    std::sort(candidates[c].begin(), candidates[c].end());
    // A candidate that cannot be read makes way for the next one.
    for (std::size_t k = 0; k < candidates[c].size() && chosen[c].size() < wanted; ++k) {
      auto sample = prepare_sample(source, task, candidates[c][k].second);
      if (sample) chosen[c].push_back(std::move(sample).value());
    }
    if (chosen[c].size() < wanted) {
      throw Error::usage("--shots " + std::to_string(per_class),
                         "the data have " + std::to_string(chosen[c].size()) +
                             " readable samples of the class " + task.classes[c].key);
    }
  }
  std::vector<Shot> shots;
  for (std::size_t k = 0; k < wanted; ++k) {
    for (std::size_t c = 0; c < task.size(); ++c) {
      shots.push_back({std::move(chosen[c][k]), ClassId{static_cast<std::int32_t>(c)}});
    }
  }
  return shots;
}

}  // namespace firstlight
