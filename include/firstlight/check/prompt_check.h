#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "firstlight/check/trials.h"
#include "firstlight/eval/intervals.h"

namespace firstlight {

/// How much labels and probabilities depend on what should not matter: the order of the classes in
/// the prompt and the form of the answers.
struct PromptSettings {
  /// Orders of the classes, the task's own among them, evenly spread over the rotations; 0 = all.
  int orders = 0;
  /// Answer templates beside the task's own; empty = those of standard_answers().
  std::vector<std::string> answers;
};

/// `{name}`, `{key}`, and `{index}` or `{letter}` where the prompt's class lines number the classes
/// so; without the task's own.
std::vector<std::string> standard_answers(const Task& task);

/// One order of the classes, or the average over all of them.
struct PromptOutcome {
  std::string pass;  ///< "main", "order_k" or "average"
  Estimate accuracy;
  Estimate auc;      ///< macro
  Estimate changed;  ///< fraction of samples with another label than in the reference
  Estimate shift;    ///< mean total variation distance of the probabilities from the reference
};

/// The same samples with one answer template.
struct PromptVariantOutcome {
  std::string answer;
  std::string skipped;                ///< why the template cannot be used; then nothing else is set
  std::vector<PromptOutcome> orders;  ///< against "main" of this template
  PromptOutcome average;              ///< against "main" of this template
  double best_accuracy = 0;           ///< over the orders
  double worst_accuracy = 0;
  /// Mean probability of the class at each place of the prompt. With every rotation each class
  /// stands at each place as often, so that without a preference for places all are 1 / classes.
  std::vector<Estimate> by_place;
  /// Against the task's own template, in the main order and averaged over the orders.
  PromptOutcome main_against_own;
  PromptOutcome average_against_own;
};

struct PromptCheck {
  std::size_t n = 0;
  std::size_t failed = 0;
  std::size_t without_truth = 0;
  double level = 0.95;
  std::vector<std::string> passes;              ///< of the orders
  bool reordered = true;                        ///< false: the prompt has no order to change
  std::vector<PromptVariantOutcome> templates;  ///< the task's own first
};

/// `make` joins a model with a variant of the task; a template that it refuses (answers that
/// tokenise alike) is skipped with the reason. Throws as run_trials, and Error::usage for a
/// malformed template or a number of orders that is not 0 to the number of classes.
PromptCheck check_prompt(const SampleSource& source, const Task& task,
                         const std::function<std::unique_ptr<Classifier>(const Task&)>& make,
                         const PromptSettings& settings, const CheckOptions& options);

std::string to_text(const PromptCheck& check);
/// One JSON object (docs/checks.md).
std::string to_json(const PromptCheck& check);

}  // namespace firstlight
