#include "firstlight/check/reading_check.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "figures.h"
#include "firstlight/base/error.h"
#include "firstlight/task/prompt.h"
#include "firstlight/task/variants.h"

namespace firstlight {
namespace {

/// One way to ask.
struct Question {
  std::string kind;
  std::string name;
  Task task;
  /// By class of the variant: the class of the task whose description stands there.
  std::vector<ClassId> meaning;
  Pass pass = {};
  std::string skipped = {};
  std::unique_ptr<Classifier> classifier = nullptr;
};

ClassId id_of(std::size_t i) { return ClassId{static_cast<std::int32_t>(i)}; }

std::vector<ClassId> all_classes(const Task& task) {
  std::vector<ClassId> ids;
  for (std::size_t i = 0; i < task.size(); ++i) ids.push_back(id_of(i));
  return ids;
}

bool shows_names(const Task& task) {
  const auto names = [](const std::string& line) {
    return line.find("{name}") != std::string::npos || line.find("{key}") != std::string::npos;
  };
  return names(task.answer) || (lists_classes(task) && names(task.class_line));
}

Task exchange_descriptions(const Task& task, std::size_t a, std::size_t b) {
  std::vector<std::string> descriptions;
  for (const ClassDefinition& definition : task.classes) {
    descriptions.push_back(definition.description);
  }
  std::swap(descriptions[a], descriptions[b]);
  return with_descriptions(task, descriptions);
}

class Questions {
 public:
  Questions(const Task& task, const std::function<std::unique_ptr<Classifier>(const Task&)>& make)
      : task_(task), make_(make) {}

  /// Adds the question that `variant` makes, or why it cannot be asked.
  void add(const std::string& kind, const std::string& name, std::vector<ClassId> meaning,
           const std::function<Task()>& variant, const Pass& pass = {}) {
    Question question{kind, name, task_, std::move(meaning), pass};
    try {
      question.task = variant();
      question.classifier = make_(question.task);
    } catch (const Error& e) {
      // The task as it is must work.
      if (kind == "plain" || e.kind() != ErrorKind::kUsage) throw;
      question.skipped = e.what();
    }
    list.push_back(std::move(question));
  }

  void add_swaps() {
    const bool names = shows_names(task_);
    for (std::size_t a = 0; a < task_.size(); ++a) {
      for (std::size_t b = a + 1; b < task_.size(); ++b) {
        std::vector<ClassId> meaning = all_classes(task_);
        std::swap(meaning[a], meaning[b]);
        add("swap", task_.classes[a].key + " " + task_.classes[b].key, meaning, [&] {
          return names ? exchange_descriptions(task_, a, b) : with_classes(task_, meaning);
        });
      }
    }
  }

  /// Every choice of two classes and of three, where that is not all.
  void add_subsets() {
    for (const std::size_t size : {std::size_t{2}, std::size_t{3}}) {
      if (size >= task_.size()) continue;
      std::vector<bool> in(task_.size(), false);
      std::fill(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(size), true);
      do {
        std::vector<ClassId> kept;
        std::string name;
        for (std::size_t i = 0; i < in.size(); ++i) {
          if (!in[i]) continue;
          kept.push_back(id_of(i));
          name += (name.empty() ? "" : " ") + task_.classes[i].key;
        }
        add("subset", name, kept, [&] { return with_classes(task_, kept); });
      } while (std::prev_permutation(in.begin(), in.end()));
    }
  }

  std::vector<Question> list;

 private:
  const Task& task_;
  const std::function<std::unique_ptr<Classifier>(const Task&)>& make_;
};

/// What is right, sample by sample: of the question and of the plain prompt.
struct Marks {
  std::vector<double> right;
  std::vector<double> plain;
};

void finish(ReadingOutcome& outcome, const Marks& marks, const EvaluationOptions& options) {
  std::vector<double> gained;
  for (std::size_t i = 0; i < marks.right.size(); ++i) {
    gained.push_back(marks.right[i] - marks.plain[i]);
  }
  outcome.n = marks.right.size();
  const auto accuracy = [&](const std::vector<double>& right) {
    const bool whole =
        std::all_of(right.begin(), right.end(), [](double mark) { return mark == 0 || mark == 1; });
    return whole ? fraction(std::accumulate(right.begin(), right.end(), 0.0),
                            static_cast<double>(right.size()), options.level, "no samples")
                 : mean_estimate(right, {}, options);
  };
  outcome.accuracy = accuracy(marks.right);
  outcome.plain_accuracy = accuracy(marks.plain);
  outcome.ratio = ratio_estimate(marks.right, marks.plain, options);
  outcome.difference = mean_estimate(gained, {}, options);
}

/// Sums of several questions' marks by sample, to be divided by their number.
class Together {
 public:
  void add(std::size_t sample, double right, double plain) {
    Sum& sum = sums_[sample];
    sum.right += right;
    sum.plain += plain;
    sum.questions += 1;
  }
  Marks marks() const {
    Marks marks;
    for (const auto& [sample, sum] : sums_) {
      marks.right.push_back(sum.right / sum.questions);
      marks.plain.push_back(sum.plain / sum.questions);
    }
    return marks;
  }

 private:
  struct Sum {
    double right = 0, plain = 0, questions = 0;
  };
  std::map<std::size_t, Sum> sums_;
};

/// The likeliest class of a row, among those that `allowed` holds.
ClassId likeliest(const double* row, const std::vector<ClassId>& allowed) {
  return *std::max_element(allowed.begin(), allowed.end(),
                           [&](ClassId a, ClassId b) { return row[a.index()] < row[b.index()]; });
}

}  // namespace

ReadingCheck check_reading(const SampleSource& source, const Task& task,
                           const std::function<std::unique_ptr<Classifier>(const Task&)>& make,
                           const ReadingSettings& settings, const CheckOptions& options) {
  Questions questions(task, make);
  const std::vector<ClassId> all = all_classes(task);
  const auto same = [&] { return task; };
  questions.add("plain", "", all, same);
  for (std::size_t i = 0; i < settings.paraphrased.size(); ++i) {
    questions.add("paraphrase", std::to_string(i + 1), all,
                  [&] { return settings.paraphrased[i]; });
  }
  questions.add("lines_alone", "", all, [&] { return with_lines_alone(task); });
  questions.add_swaps();
  questions.add_subsets();
  questions.add("no_descriptions", "", all, same, Pass{Pass::Kind::kNoDescriptions, 0});
  questions.add("numbers_alone", "", all, [&] { return with_numbers_alone(task); });

  std::vector<Trial> trials;
  for (const Question& question : questions.list) {
    if (!question.classifier) continue;
    trials.push_back({question.kind, question.classifier.get(), question.pass});
  }
  const TrialOutcomes outcomes = run_trials(source, task, trials, options);
  ReadingCheck check;
  check.level = options.evaluation.level;
  check.n = outcomes.truth.size();
  check.failed = outcomes.failed;
  check.without_truth = outcomes.without_truth;

  const std::vector<double>& plain = outcomes.log_scores.front();
  std::map<std::pair<std::string, std::size_t>, Together> together;  // by kind and classes
  std::map<std::pair<std::string, std::size_t>, std::size_t> counted;
  std::size_t trial = 0;
  for (const Question& question : questions.list) {
    ReadingOutcome& outcome = check.outcomes.emplace_back();
    outcome.kind = question.kind;
    outcome.name = question.name;
    outcome.skipped = question.skipped;
    if (!question.classifier) continue;
    const std::size_t classes = question.task.size();
    const std::vector<double>& scores = outcomes.log_scores[trial++];
    const std::pair<std::string, std::size_t> group{question.kind, classes};
    ++counted[group];
    Marks marks;
    for (std::size_t i = 0; i < outcomes.truth.size(); ++i) {
      const ClassId truth = outcomes.truth[i];
      const std::vector<ClassId>& meaning = question.meaning;
      if (std::find(meaning.begin(), meaning.end(), truth) == meaning.end()) continue;
      const double* row = scores.data() + i * classes;
      const auto best = static_cast<std::size_t>(std::max_element(row, row + classes) - row);
      const double right = meaning[best] == truth ? 1 : 0;
      const double before = likeliest(plain.data() + i * task.size(), meaning) == truth ? 1 : 0;
      marks.right.push_back(right);
      marks.plain.push_back(before);
      together[group].add(i, right, before);
    }
    outcome.chance = 1.0 / static_cast<double>(classes);
    finish(outcome, marks, options.evaluation);
  }
  for (const auto& [group, sums] : together) {
    if (counted[group] < 2) continue;
    ReadingOutcome& outcome = check.outcomes.emplace_back();
    outcome.kind = group.first;
    outcome.name = "all";
    if (group.first == "subset") outcome.name += " of " + std::to_string(group.second);
    outcome.chance = 1.0 / static_cast<double>(group.second);
    finish(outcome, sums.marks(), options.evaluation);
  }
  return check;
}

}  // namespace firstlight
