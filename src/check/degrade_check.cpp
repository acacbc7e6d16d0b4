#include "firstlight/check/degrade_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "figures.h"
#include "firstlight/base/hash.h"
#include "firstlight/eval/comparison.h"
#include "firstlight/image/degrade.h"
#include "firstlight/task/views.h"

namespace firstlight {
namespace {

using check_detail::Json;

/// Of sparse maps, the greatest or the sum of the pixels that become one.
ResizeFilter filter_of(const ViewSettings& view) {
  if (view.shrink == "max") return ResizeFilter::kMax;
  const ResizeFilter filter = resize_filter(view.resize_filter);
  return filter == ResizeFilter::kMax || filter == ResizeFilter::kSum ? filter
                                                                      : ResizeFilter::kArea;
}

Trial trial_of(const Task& task, const Classifier& classifier, const std::string& setting,
               double value, const DegradeSettings& settings) {
  Degradation change;
  change.dead_rows = settings.dead_rows;
  if (setting == "resolution") change.resolution = value;
  if (setting == "noise") change.noise = value;
  if (setting == "dead") change.dead = value;
  degrade({1, 1, 1, {0}}, change, 0);  // a value out of range is an error before any work
  return {setting, &classifier, {}, [&task, change, seed = settings.seed](PreparedSample& sample) {
            for (PreparedSample::View& view : sample.views) {
              Degradation of_view = change;
              if (const ViewSettings* described = view_settings(task, view.name)) {
                of_view.filter = filter_of(*described);
                of_view.inverted = described->stretch.invert;
              }
              view.image =
                  degrade(view.image, of_view,
                          stable_hash64(fmt::format("{}\n{}\n{}", seed, sample.id, view.name)));
            }
          }};
}

}  // namespace

DegradeCheck check_degrade(const SampleSource& source, const Task& task,
                           const Classifier& classifier, const DegradeSettings& settings,
                           const CheckOptions& options) {
  DegradeCheck check;
  std::vector<Trial> trials = {{"none", &classifier}};
  check.points.emplace_back().setting = "none";
  const auto add = [&](const std::string& setting, const std::vector<double>& values) {
    for (const double value : values) {
      trials.push_back(trial_of(task, classifier, setting, value, settings));
      DegradePoint& point = check.points.emplace_back();
      point.setting = setting;
      point.value = value;
    }
  };
  add("resolution", settings.resolution);
  add("noise", settings.noise);
  add("dead", settings.dead);

  const TrialOutcomes outcomes = run_trials(source, task, trials, options);
  check.n = outcomes.truth.size();
  check.failed = outcomes.failed;
  check.without_truth = outcomes.without_truth;
  check.level = options.evaluation.level;
  std::vector<ClassifierOutput> outputs;
  for (std::size_t t = 0; t < trials.size(); ++t) {
    outputs.push_back(check_detail::output_of(trials[t].name, outcomes.log_scores[t], task.size()));
  }
  if (outputs.size() == 1) outputs.push_back(outputs.front());  // nothing to change: the base alone
  const Comparison comparison = compare(task.size(), outcomes.truth, outputs, options.evaluation);
  for (std::size_t t = 0; t < check.points.size(); ++t) {
    DegradePoint& point = check.points[t];
    point.accuracy = comparison.accuracy[t];
    point.auc = comparison.auc[t];
    std::vector<double> confidence;
    for (std::size_t i = 0; i < check.n; ++i) {
      confidence.push_back(
          outputs[t].probabilities[i * task.size() + outputs[t].predicted[i].index()]);
    }
    point.mean_confidence = mean_estimate(confidence, {}, options.evaluation);
    // Pairs with the first come first.
    if (t == 0) continue;
    point.accuracy_change = comparison.pairs[t - 1].accuracy_difference;
    point.auc_change = comparison.pairs[t - 1].auc_difference;
  }
  return check;
}

std::string to_text(const DegradeCheck& check) {
  std::string out =
      check_detail::samples_line(check.n, check.failed, check.without_truth, check.level);
  out += fmt::format("{:<10}  {:>6}  {:<25}  {:<28}  {:<25}  {:<28}  {}\n", "setting", "value",
                     "accuracy", "change", "macro AUC", "change", "mean confidence");
  for (const DegradePoint& point : check.points) {
    const bool base = point.setting == "none";
    out += fmt::format("{:<10}  {:>6}  {:<25}  {:<28}  {:<25}  {:<28}  {}\n", point.setting,
                       base ? "" : fmt::format("{:g}", point.value), to_text(point.accuracy),
                       base ? "" : to_text(point.accuracy_change, true), to_text(point.auc),
                       base ? "" : to_text(point.auc_change, true), to_text(point.mean_confidence));
  }
  return out;
}

std::string to_json(const DegradeCheck& check) {
  Json out = check_detail::samples_json(check.n, check.failed, check.without_truth);
  out["points"] = Json::array();
  for (const DegradePoint& point : check.points) {
    Json item = {{"setting", point.setting}};
    const bool base = point.setting == "none";
    if (!base) item["value"] = point.value;
    item["accuracy"] = check_detail::estimate(point.accuracy, check.level);
    item["macro_auc"] = check_detail::estimate(point.auc, check.level);
    item["mean_confidence"] = check_detail::estimate(point.mean_confidence, check.level);
    if (!base) {
      item["accuracy_change"] = check_detail::estimate(point.accuracy_change, check.level);
      item["macro_auc_change"] = check_detail::estimate(point.auc_change, check.level);
    }
    out["points"].push_back(std::move(item));
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace firstlight
