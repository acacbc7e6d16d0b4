#include "firstlight/check/trials.h"

#include <algorithm>

#include "firstlight/base/error.h"
#include "firstlight/base/parallel.h"
#include "firstlight/run/runner.h"
#include "labelled.h"

namespace firstlight {
namespace {

using check_detail::Labelled;

/// A batch on its way through the trials.
class Batch {
 public:
  Batch(const SampleSource& source, const Task& task, const Labelled* first, std::size_t size)
      : first_(first),
        batch_(check_detail::prepare_batch(
            0, size,
            [&](std::size_t i) { return prepare_sample(source, task, first[i].position); })),
        scores_(size) {}

  void run(const Trial& trial, Normalisation normalisation) {
    if (batch_.samples.empty()) return;
    std::vector<PreparedSample> changed;
    if (trial.change) {
      changed = batch_.samples;
      parallel_for(changed.size(), 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) trial.change(changed[i]);
      });
    }
    const auto results =
        trial.classifier->classify(trial.change ? changed : batch_.samples, trial.pass);
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i]) {
        scores_[batch_.place[i]].push_back(label_log_scores(results[i].value(), normalisation));
      }
    }
  }

  /// Keeps the samples that all of `trials` scored.
  void keep(std::size_t trials, TrialOutcomes& outcomes) const {
    for (std::size_t i = 0; i < scores_.size(); ++i) {
      if (scores_[i].size() != trials) {
        ++outcomes.failed;
        continue;
      }
      outcomes.truth.push_back(first_[i].truth);
      for (std::size_t t = 0; t < trials; ++t) {
        auto& row = outcomes.log_scores[t];
        row.insert(row.end(), scores_[i][t].begin(), scores_[i][t].end());
      }
    }
  }

 private:
  const Labelled* first_;
  check_detail::PreparedBatch batch_;
  std::vector<std::vector<std::vector<double>>> scores_;  ///< [sample][trial]
};

}  // namespace

TrialOutcomes run_trials(const SampleSource& source, const Task& task,
                         const std::vector<Trial>& trials, const CheckOptions& options) {
  if (options.normalisation == Normalisation::kPmi) {
    throw Error::usage("--normalisation pmi", "a check has no prior pass");
  }
  const std::vector<Labelled> samples = check_detail::labelled_samples(source, task, options);
  TrialOutcomes outcomes;
  outcomes.without_truth = source.size() - samples.size();
  outcomes.log_scores.resize(trials.size());
  const auto size = static_cast<std::size_t>(std::max(options.batch, 1));
  for (std::size_t begin = 0; begin < samples.size(); begin += size) {
    const std::size_t count = std::min(size, samples.size() - begin);
    Batch batch(source, task, samples.data() + begin, count);
    for (const Trial& trial : trials) batch.run(trial, options.normalisation);
    batch.keep(trials.size(), outcomes);
    if (options.progress) options.progress({begin + count, samples.size(), outcomes.failed});
  }
  return outcomes;
}

}  // namespace firstlight
