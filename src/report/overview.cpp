#include "firstlight/report/overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace firstlight {
namespace {

constexpr double kLevel = 0.95;

std::size_t widest(const std::vector<std::string>& words, std::size_t least) {
  for (const std::string& word : words) least = std::max(least, word.size());
  return least;
}

std::string number(double value) {
  return std::isnan(value) ? std::string("-") : fmt::format("{:.3f}", value);
}

/// "0.912  (0.861 to 0.948)"; "-" where it is not defined.
std::string with_interval(const Estimate& estimate) {
  if (std::isnan(estimate.value)) return "-";
  if (std::isnan(estimate.low)) return number(estimate.value);
  return fmt::format("{:.3f}  ({:.3f} to {:.3f})", estimate.value, estimate.low, estimate.high);
}

void put_confusion(const Evaluation& evaluation, std::string& out) {
  const std::size_t width = widest(evaluation.classes, 8);
  out += "\nconfusion (rows: truth, columns: predicted; counts)\n";
  out += fmt::format("{:<{}}", "", width);
  for (const std::string& key : evaluation.classes) out += fmt::format("  {:>{}}", key, width);
  out += '\n';
  for (std::size_t t = 0; t < evaluation.classes.size(); ++t) {
    out += fmt::format("{:<{}}", evaluation.classes[t], width);
    for (const double count : evaluation.confusion[t])
      out += fmt::format("  {:>{}g}", count, width);
    out += '\n';
  }
}

void put_prior(const Evaluation& evaluation, const PriorEvaluation& prior, std::string& out) {
  const std::size_t width = widest(evaluation.classes, 8);
  const auto table = [&](const char* title, const AtPrevalence& figures) {
    out += fmt::format("\n{}: accuracy {}\n", title, with_interval(figures.accuracy));
    out += fmt::format("{:<{}}  {:>10}  {:<25}  {}\n", "class", width, "prevalence", "purity",
                       "efficiency");
    for (std::size_t c = 0; c < evaluation.classes.size(); ++c) {
      out += fmt::format("{:<{}}  {:>10.4g}  {:<25}  {}\n", evaluation.classes[c], width,
                         prior.prior[c], with_interval(figures.purity[c]),
                         with_interval(figures.efficiency[c]));
    }
  };
  table("at the given prevalence, labels as classified", prior.as_classified);
  table("at the given prevalence, labels from probabilities times prior", prior.reweighted);
}

}  // namespace

EvaluationInput evaluation_input(const RunStore& run, const Interpretation& interpretation) {
  EvaluationInput input;
  run.for_each([&](const SampleRecord& record) {
    if (!record.ok) {
      ++input.failed;
    } else if (!record.truth_class) {
      ++input.without_truth;
    } else {
      const Prediction prediction = predict(record, interpretation);
      input.truth.push_back(*record.truth_class);
      input.predicted.push_back(prediction.label);
      input.probabilities.insert(input.probabilities.end(), prediction.probabilities.begin(),
                                 prediction.probabilities.end());
    }
  });
  return input;
}

RunOverview overview(const RunStore& run, const Interpretation& interpretation) {
  RunOverview result;
  for (const ClassDefinition& c : run.task().classes) result.classes.push_back({c.key});
  std::uint64_t right = 0;
  run.for_each([&](const SampleRecord& record) {
    ++result.samples;
    if (!record.ok) {
      ++result.failed;
      return;
    }
    const Prediction prediction = predict(record, interpretation);
    ++result.classes[prediction.label.index()].predicted;
    for (std::size_t c = 0; c < result.classes.size(); ++c) {
      result.classes[c].mean_probability += prediction.probabilities[c];
    }
    if (!record.truth_class) return;
    ++result.labelled;
    RunOverview::Class& truth = result.classes[record.truth_class->index()];
    ++truth.labelled;
    if (prediction.label == *record.truth_class) {
      ++right;
      ++truth.right;
    }
  });
  const auto classified = static_cast<double>(result.samples - result.failed);
  if (classified > 0) {
    for (RunOverview::Class& c : result.classes) c.mean_probability /= classified;
  }
  result.accuracy = fraction(static_cast<double>(right), static_cast<double>(result.labelled),
                             kLevel, "no sample with truth");
  return result;
}

std::string to_text(const RunOverview& overview) {
  std::vector<std::string> keys;
  for (const RunOverview::Class& c : overview.classes) keys.push_back(c.key);
  const std::size_t width = widest(keys, 5);
  const bool truth = overview.labelled > 0;
  std::string out = fmt::format("{:<{}}  {:>8}  {:>16}{}\n", "class", width, "labelled",
                                "mean probability", truth ? "     truth     right" : "");
  for (const RunOverview::Class& c : overview.classes) {
    out += fmt::format("{:<{}}  {:>8}  {:>16.3f}", c.key, width, c.predicted, c.mean_probability);
    if (truth) out += fmt::format("  {:>8}  {:>8}", c.labelled, c.right);
    out += '\n';
  }
  out += fmt::format("samples: {}", overview.samples);
  if (overview.failed > 0) out += fmt::format(", of which failed: {}", overview.failed);
  out += '\n';
  if (truth) {
    out += fmt::format("accuracy: {:.3f}  ({:.3f} to {:.3f} at 95 %, {} with truth)\n",
                       overview.accuracy.value, overview.accuracy.low, overview.accuracy.high,
                       overview.labelled);
  }
  return out;
}

std::string to_text(const Evaluation& evaluation) {
  std::string out;
  out += fmt::format("samples with truth: {}; without: {}; failed: {}\n", evaluation.n,
                     evaluation.without_truth, evaluation.failed);
  out += fmt::format("intervals: {:g} %\n\n", 100 * evaluation.level);
  const std::vector<std::pair<const char*, const Estimate*>> figures = {
      {"accuracy", &evaluation.accuracy},
      {"balanced accuracy", &evaluation.balanced_accuracy},
      {"macro F1", &evaluation.macro.f1},
      {"weighted F1", &evaluation.weighted.f1},
      {"macro AUC", &evaluation.macro.auc},
      {"negative log-likelihood", &evaluation.nll},
      {"Brier score", &evaluation.brier},
      {"ECE", &evaluation.ece},
      {"ECE, debiased", &evaluation.ece_debiased}};
  for (const auto& [name, estimate] : figures) {
    out += fmt::format("{:<24}  {}\n", name, with_interval(*estimate));
  }
  const std::size_t width = widest(evaluation.classes, 5);
  out += fmt::format("\n{:<{}}  {:>7}  {:<25}  {:<25}  {:<25}  {}\n", "class", width, "n",
                     "precision", "recall", "F1", "AUC");
  for (std::size_t c = 0; c < evaluation.classes.size(); ++c) {
    const ClassMetrics& metrics = evaluation.per_class[c];
    out += fmt::format("{:<{}}  {:>7g}  {:<25}  {:<25}  {:<25}  {}\n", evaluation.classes[c], width,
                       metrics.support, with_interval(metrics.precision),
                       with_interval(metrics.recall), with_interval(metrics.f1),
                       with_interval(metrics.auc));
  }
  put_confusion(evaluation, out);
  for (const PriorEvaluation& prior : evaluation.prior) put_prior(evaluation, prior, out);
  for (const Evaluation& merged : evaluation.merged) {
    out += "\nwith merged classes\n" + to_text(merged);
  }
  return out;
}

}  // namespace firstlight
