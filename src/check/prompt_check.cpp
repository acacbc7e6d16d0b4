#include "firstlight/check/prompt_check.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "figures.h"
#include "firstlight/base/error.h"
#include "firstlight/eval/comparison.h"
#include "firstlight/run/passes.h"
#include "firstlight/run/runner.h"
#include "firstlight/task/prompt.h"

namespace firstlight {
namespace {

/// A task with another answer template, and what joins it with the model.
struct Variant {
  Task task;
  std::unique_ptr<Classifier> classifier;
  std::string skipped;
};

bool numbers_classes(const Task& task) {
  const auto has_index = [](const std::vector<Segment>& segments) {
    return std::any_of(segments.begin(), segments.end(), [](const Segment& segment) {
      return segment.kind == Segment::Kind::kIndex;
    });
  };
  return has_index(task.prompt) || has_index(task.system);
}

Variant make_variant(const Task& task, const std::string& answer,
                     const std::function<std::unique_ptr<Classifier>(const Task&)>& make) {
  Variant variant{with_answer(task, answer), nullptr, {}};
  try {
    const std::vector<std::string> answers = render_answers(variant.task, {});
    if (std::set<std::string>(answers.begin(), answers.end()).size() != answers.size()) {
      variant.skipped = "two classes have the same answer";
      return variant;
    }
    variant.classifier = make(variant.task);
  } catch (const Error& e) {
    // The task's own template must work; another may not suit the model.
    if (answer == task.answer || e.kind() != ErrorKind::kUsage) throw;
    variant.skipped = e.what();
  }
  return variant;
}

/// Probabilities averaged over orders, as score.h averages them; as log-scores.
std::vector<double> averaged(const std::vector<const std::vector<double>*>& orders,
                             std::size_t classes) {
  std::vector<double> result;
  for (std::size_t i = 0; i < orders.front()->size(); i += classes) {
    std::vector<std::vector<double>> rows;
    for (const auto* order : orders) {
      rows.emplace_back(order->begin() + static_cast<std::ptrdiff_t>(i),
                        order->begin() + static_cast<std::ptrdiff_t>(i + classes));
    }
    for (const double p : average_passes(rows)) result.push_back(std::log(p));
  }
  return result;
}

/// Half the sum of the absolute differences, sample by sample.
std::vector<double> total_variation(const ClassifierOutput& a, const ClassifierOutput& b,
                                    std::size_t classes) {
  std::vector<double> result;
  for (std::size_t i = 0; i < a.probabilities.size(); i += classes) {
    double sum = 0;
    for (std::size_t k = 0; k < classes; ++k) {
      sum += std::abs(a.probabilities[i + k] - b.probabilities[i + k]);
    }
    result.push_back(sum / 2);
  }
  return result;
}

class Comparer {
 public:
  Comparer(const std::vector<ClassId>& truth, std::size_t classes, const EvaluationOptions& options)
      : truth_(truth), classes_(classes), options_(options) {}

  PromptOutcome outcome(const std::string& pass, const ClassifierOutput& reference,
                        const ClassifierOutput& output) const {
    const Comparison both = compare(classes_, truth_, {reference, output}, options_);
    double changed = 0;
    for (std::size_t i = 0; i < truth_.size(); ++i) {
      changed += reference.predicted[i] != output.predicted[i];
    }
    return {pass, both.accuracy[1], both.auc[1],
            fraction(changed, static_cast<double>(truth_.size()), options_.level),
            mean_estimate(total_variation(reference, output, classes_), {}, options_)};
  }

  /// Mean probability of what stands at each place, over all orders.
  std::vector<Estimate> by_place(const std::vector<ClassifierOutput>& outputs,
                                 const std::vector<Pass>& passes) const {
    std::vector<Estimate> places;
    for (std::size_t place = 0; place < classes_; ++place) {
      std::vector<double> means(truth_.size(), 0.0);
      for (std::size_t o = 0; o < outputs.size(); ++o) {
        const std::size_t standing = (place + static_cast<std::size_t>(passes[o].k)) % classes_;
        for (std::size_t i = 0; i < truth_.size(); ++i) {
          means[i] += outputs[o].probabilities[i * classes_ + standing] /
                      static_cast<double>(outputs.size());
        }
      }
      places.push_back(mean_estimate(means, {}, options_));
    }
    return places;
  }

 private:
  const std::vector<ClassId>& truth_;
  std::size_t classes_;
  const EvaluationOptions& options_;
};

}  // namespace

std::vector<std::string> standard_answers(const Task& task) {
  std::vector<std::string> answers = {"{name}", "{key}"};
  if (task.class_line.find("{index}") != std::string::npos) answers.push_back("{index}");
  if (task.class_line.find("{letter}") != std::string::npos && !numbers_classes(task)) {
    answers.push_back("{letter}");
  }
  std::erase(answers, task.answer);
  return answers;
}

PromptCheck check_prompt(const SampleSource& source, const Task& task,
                         const std::function<std::unique_ptr<Classifier>(const Task&)>& make,
                         const PromptSettings& settings, const CheckOptions& options) {
  const int classes = static_cast<int>(task.size());
  if (settings.orders < 0 || settings.orders > classes) {
    throw Error::usage("--orders",
                       "the task has " + std::to_string(classes) + " rotations of its classes");
  }
  PromptCheck check;
  check.level = options.evaluation.level;
  check.reordered = can_reorder(task);
  const std::vector<Pass> passes =
      check.reordered ? spread_orders(settings.orders == 0 ? classes : settings.orders, task)
                      : std::vector<Pass>{Pass{}};
  for (const Pass& pass : passes) check.passes.push_back(pass.name());

  std::vector<Variant> variants;
  variants.push_back(make_variant(task, task.answer, make));
  for (const std::string& answer :
       settings.answers.empty() ? standard_answers(task) : settings.answers) {
    variants.push_back(make_variant(task, answer, make));
  }
  std::vector<Trial> trials;
  for (const Variant& variant : variants) {
    if (!variant.classifier) continue;
    for (const Pass& pass : passes) trials.push_back({pass.name(), variant.classifier.get(), pass});
  }
  const TrialOutcomes outcomes = run_trials(source, task, trials, options);
  check.n = outcomes.truth.size();
  check.failed = outcomes.failed;
  check.without_truth = outcomes.without_truth;

  const Comparer comparer(outcomes.truth, task.size(), options.evaluation);
  std::size_t trial = 0;
  std::optional<std::pair<ClassifierOutput, ClassifierOutput>> own;  // main and average
  for (const Variant& variant : variants) {
    PromptVariantOutcome& result = check.templates.emplace_back();
    result.answer = variant.task.answer;
    result.skipped = variant.skipped;
    if (!variant.classifier) continue;
    std::vector<ClassifierOutput> outputs;
    std::vector<const std::vector<double>*> scores;
    for (const Pass& pass : passes) {
      scores.push_back(&outcomes.log_scores[trial++]);
      outputs.push_back(check_detail::output_of(pass.name(), *scores.back(), task.size()));
      result.orders.push_back(comparer.outcome(pass.name(), outputs.front(), outputs.back()));
    }
    const ClassifierOutput average =
        check_detail::output_of("average", averaged(scores, task.size()), task.size());
    result.average = comparer.outcome("average", outputs.front(), average);
    const auto [worst, best] = std::minmax_element(
        result.orders.begin(), result.orders.end(),
        [](const auto& a, const auto& b) { return a.accuracy.value < b.accuracy.value; });
    result.worst_accuracy = worst->accuracy.value;
    result.best_accuracy = best->accuracy.value;
    result.by_place = comparer.by_place(outputs, passes);
    if (!own) own.emplace(outputs.front(), average);
    result.main_against_own = comparer.outcome("main", own->first, outputs.front());
    result.average_against_own = comparer.outcome("average", own->second, average);
  }
  return check;
}

}  // namespace firstlight
