#include "firstlight/report/run_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight {
namespace {

using Json = nlohmann::ordered_json;

/// What is kept of a sample while the runs are joined.
struct Row {
  ClassId truth;
  ClassId label;
  std::vector<double> probabilities;
  std::uint64_t pixels = 0;
  double seconds = 0;
};

using Rows = std::unordered_map<std::string, Row>;

/// Place of each class of `task` among the classes of `first`.
std::vector<ClassId> places(const Task& first, const Task& task, const std::string& folder) {
  std::vector<std::string> keys;
  for (const ClassDefinition& c : first.classes) keys.push_back(c.key);
  std::vector<ClassId> result;
  for (const ClassDefinition& c : task.classes) {
    const auto found = std::find(keys.begin(), keys.end(), c.key);
    if (found == keys.end() || task.size() != first.size()) {
      throw Error::usage(folder, "has other classes than the first run",
                         "its classes must be " + text::join(keys, ", "));
    }
    result.push_back(ClassId{static_cast<std::int32_t>(found - keys.begin())});
  }
  return result;
}

Rows read(const ComparedRun& compared, const Task& first) {
  const RunStore& run = *compared.run;
  const std::vector<ClassId> place = places(first, run.task(), run.folder());
  Rows rows;
  run.for_each([&](const SampleRecord& record) {
    if (!record.ok || !record.truth_class) return;
    const Prediction prediction = predict(record, compared.interpretation);
    Row row;
    row.truth = place[record.truth_class->index()];
    row.label = place[prediction.label.index()];
    row.probabilities.resize(place.size());
    for (std::size_t k = 0; k < place.size(); ++k) {
      row.probabilities[place[k].index()] = prediction.probabilities[k];
    }
    row.pixels = record.pixels_hash;
    row.seconds = record.seconds;
    rows.emplace(record.id, std::move(row));
  });
  return rows;
}

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

RunComparison::Run describe(const RunStore& run) {
  RunComparison::Run out;
  out.folder = run.folder();
  const auto& settings = run.config().settings;
  for (const char* key : {"model.name", "model.spec"}) {
    const auto found = settings.find(key);
    if (out.model.empty() && found != settings.end()) out.model = found->second;
  }
  out.samples = run.size();
  out.peak_bytes = text::parse_double(run.value("peak_memory_bytes").value_or(""));
  return out;
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json estimate(const Estimate& e, double level) { return Json::parse(to_json(e, level)); }

}  // namespace

RunComparison compare_runs(const std::vector<ComparedRun>& runs, const EvaluationOptions& options) {
  if (runs.size() < 2) throw Error::usage("compare", "needs at least two runs");
  const Task& first = runs.front().run->task();
  std::vector<Rows> rows;
  for (const ComparedRun& run : runs) rows.push_back(read(run, first));

  std::vector<ClassId> truth;
  std::vector<ClassifierOutput> outputs(runs.size());
  std::vector<std::vector<double>> seconds(runs.size());
  RunComparison result;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    result.runs.push_back(describe(*runs[r].run));
    outputs[r].name = result.runs.back().folder;
  }
  // In the order of the first run, so that the bootstrap does not depend on the others.
  runs.front().run->for_each([&](const SampleRecord& record) {
    std::vector<const Row*> found;
    for (const Rows& of_run : rows) {
      const auto row = of_run.find(record.id);
      if (row == of_run.end()) return;
      found.push_back(&row->second);
    }
    truth.push_back(found.front()->truth);
    for (std::size_t r = 0; r < runs.size(); ++r) {
      const Row& row = *found[r];
      if (row.truth != truth.back()) {
        throw Error::input(
            result.runs[r].folder,
            "gives sample '" + record.id + "' another truth than " + result.runs.front().folder);
      }
      outputs[r].predicted.push_back(row.label);
      outputs[r].probabilities.insert(outputs[r].probabilities.end(), row.probabilities.begin(),
                                      row.probabilities.end());
      seconds[r].push_back(row.seconds);
      if (row.pixels != found.front()->pixels) ++result.runs[r].other_pixels;
    }
  });
  if (truth.empty()) {
    throw Error::input("compare", "no sample with truth was classified in every run",
                       "samples are matched by their id");
  }
  for (std::size_t r = 0; r < runs.size(); ++r) {
    result.runs[r].median_seconds = median(std::move(seconds[r]));
  }
  result.comparison = compare(first.size(), truth, outputs, options);
  return result;
}

std::string to_text(const RunComparison& comparison) {
  const Comparison& c = comparison.comparison;
  std::string out =
      fmt::format("samples in common, with truth: {}; intervals: {:g} %\n\n", c.n, 100 * c.level);
  std::size_t width = 3;
  std::size_t model_width = 5;
  for (const RunComparison::Run& run : comparison.runs) {
    width = std::max(width, run.folder.size());
    model_width = std::max(model_width, run.model.size());
  }
  out += fmt::format("   {:<{}}  {:<{}}  {:<25}  {:<25}  {:>9}  {}\n", "run", width, "model",
                     model_width, "accuracy", "macro AUC", "memory", "time a sample");
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const RunComparison::Run& run = comparison.runs[r];
    out += fmt::format(
        "{:<2} {:<{}}  {:<{}}  {:<25}  {:<25}  {:>9}  {}\n", r + 1, run.folder, width, run.model,
        model_width, to_text(c.accuracy[r]), to_text(c.auc[r]),
        run.peak_bytes ? fmt::format("{:.2f} GB", *run.peak_bytes / 1e9) : "-",
        std::isnan(run.median_seconds) ? "-" : fmt::format("{:.1f} ms", 1e3 * run.median_seconds));
  }
  out += fmt::format("\n{:<9}  {:>12}  {:>12}  {:>9}  {:<28}  {}\n", "pair", "only 1st", "only 2nd",
                     "McNemar", "accuracy, 2nd - 1st", "macro AUC, 2nd - 1st");
  for (const PairComparison& pair : c.pairs) {
    out += fmt::format("{:<9}  {:>12}  {:>12}  {:>9.3g}  {:<28}  {}\n",
                       fmt::format("{} and {}", pair.a + 1, pair.b + 1), pair.only_a_right,
                       pair.only_b_right, pair.mcnemar_p, to_text(pair.accuracy_difference, true),
                       to_text(pair.auc_difference, true));
  }
  for (std::size_t r = 1; r < comparison.runs.size(); ++r) {
    if (comparison.runs[r].other_pixels == 0) continue;
    out += fmt::format("run {} saw other pixels than run 1 for {} of the samples\n", r + 1,
                       comparison.runs[r].other_pixels);
  }
  return out;
}

std::string to_json(const RunComparison& comparison) {
  const Comparison& c = comparison.comparison;
  Json out;
  out["n"] = c.n;
  out["bootstrap"] = {{"resamples", c.resamples}, {"seed", c.seed}};
  out["runs"] = Json::array();
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const RunComparison::Run& run = comparison.runs[r];
    out["runs"].push_back(
        {{"run", run.folder},
         {"model", run.model},
         {"samples", run.samples},
         {"other_pixels", run.other_pixels},
         {"accuracy", estimate(c.accuracy[r], c.level)},
         {"macro_auc", estimate(c.auc[r], c.level)},
         {"peak_memory_bytes", run.peak_bytes ? Json(*run.peak_bytes) : Json(nullptr)},
         {"median_seconds", number(run.median_seconds)}});
  }
  out["pairs"] = Json::array();
  for (const PairComparison& pair : c.pairs) {
    out["pairs"].push_back({{"a", comparison.runs[pair.a].folder},
                            {"b", comparison.runs[pair.b].folder},
                            {"both_right", pair.both_right},
                            {"only_a_right", pair.only_a_right},
                            {"only_b_right", pair.only_b_right},
                            {"neither_right", pair.neither_right},
                            {"mcnemar_p", pair.mcnemar_p},
                            {"accuracy_difference", estimate(pair.accuracy_difference, c.level)},
                            {"macro_auc_difference", estimate(pair.auc_difference, c.level)}});
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace firstlight
