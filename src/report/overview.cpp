#include "firstlight/report/overview.h"

#include <fmt/format.h>

#include <algorithm>

namespace firstlight {
namespace {

constexpr double kLevel = 0.95;

std::size_t widest(const std::vector<std::string>& words, std::size_t least) {
  for (const std::string& word : words) least = std::max(least, word.size());
  return least;
}

}  // namespace

RunOverview overview(const RunStore& run, const Interpretation& interpretation) {
  RunOverview result;
  for (const ClassDefinition& c : run.task().classes) result.classes.push_back({c.key});
  std::uint64_t right = 0;
  if (checks_domain(run)) result.warned = 0;
  run.for_each([&](const SampleRecord& record) {
    ++result.samples;
    if (!record.ok) {
      ++result.failed;
      return;
    }
    const Prediction prediction = predict(record, interpretation);
    ++result.classes[prediction.label.index()].predicted;
    if (result.warned && !warning_of(run, record).empty()) ++*result.warned;
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
  if (overview.warned.value_or(0) > 0) {
    out += fmt::format("warned: {} of {} are unlike what the model was trained on\n",
                       *overview.warned, overview.samples - overview.failed);
  }
  return out;
}

}  // namespace firstlight
