#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "firstlight/check/trials.h"
#include "firstlight/eval/intervals.h"

namespace firstlight {

/// Whether labels follow the descriptions in the prompt: the same samples under descriptions
/// reworded, swapped between the classes, left out, and with some of the classes only.
struct ReadingSettings {
  std::vector<Task> paraphrased;  ///< the task in other words (read_paraphrases()); may be empty
};

/// Samples under one change of the prompt, or under all of a kind together (then a sample counts by
/// the fraction of the changes under which it is right).
struct ReadingOutcome {
  std::string kind;     ///< "plain", "paraphrase", "swap", "subset" or "no_descriptions"
  std::string name;     ///< which of its kind; "all" for all together
  std::string skipped;  ///< why it cannot be asked; then nothing else is set
  std::size_t n = 0;    ///< samples whose class is asked about
  double chance = 0;    ///< accuracy of a label that is drawn at random
  Estimate accuracy;
  /// Of the plain prompt on the same samples; for a subset its likeliest class of the subset.
  Estimate plain_accuracy;
  Estimate ratio;       ///< accuracy over plain_accuracy; paired bootstrap
  Estimate difference;  ///< accuracy minus plain_accuracy; paired bootstrap
};

struct ReadingCheck {
  std::size_t n = 0;
  std::size_t failed = 0;
  std::size_t without_truth = 0;
  double level = 0.95;
  std::vector<ReadingOutcome> outcomes;  ///< "plain" first
};

/// `make` joins a model with a variant of the task. Swaps exchange two descriptions: where classes
/// are answered by number, the descriptions change their numbers; where prompt or answer hold names
/// or keys, these stay and the descriptions move. Right is the class whose description fits the
/// picture. Throws as run_trials.
ReadingCheck check_reading(const SampleSource& source, const Task& task,
                           const std::function<std::unique_ptr<Classifier>(const Task&)>& make,
                           const ReadingSettings& settings, const CheckOptions& options);

std::string to_text(const ReadingCheck& check);
/// One JSON object (docs/checks.md).
std::string to_json(const ReadingCheck& check);

}  // namespace firstlight
