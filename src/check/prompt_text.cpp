#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "figures.h"
#include "firstlight/check/prompt_check.h"

namespace firstlight {
namespace {

using check_detail::Json;

std::string row(const PromptOutcome& outcome) {
  return fmt::format("  {:<8}  {:<25}  {:<25}  {:<25}  {}\n", outcome.pass,
                     to_text(outcome.accuracy), to_text(outcome.auc), to_text(outcome.changed),
                     to_text(outcome.shift));
}

Json outcome_json(const PromptOutcome& outcome, double level) {
  return {{"pass", outcome.pass},
          {"accuracy", check_detail::estimate(outcome.accuracy, level)},
          {"macro_auc", check_detail::estimate(outcome.auc, level)},
          {"changed", check_detail::estimate(outcome.changed, level)},
          {"shift", check_detail::estimate(outcome.shift, level)}};
}

}  // namespace

std::string to_text(const PromptCheck& check) {
  std::string out =
      check_detail::samples_line(check.n, check.failed, check.without_truth, check.level);
  if (!check.reordered) out += "the prompt has no order of classes to change\n\n";
  const std::string heading =
      fmt::format("  {:<8}  {:<25}  {:<25}  {:<25}  {}\n", "order", "accuracy", "macro AUC",
                  "labels changed", "shift of probabilities");
  out += "order of the classes, each answer template against its main order\n";
  for (const PromptVariantOutcome& t : check.templates) {
    out += fmt::format("answer '{}'{}\n", t.answer,
                       t.skipped.empty() ? "" : ": skipped, " + t.skipped);
    if (!t.skipped.empty()) continue;
    out += heading;
    for (const PromptOutcome& order : t.orders) out += row(order);
    out += row(t.average);
    out += fmt::format("  accuracy over the orders: {:.3f} to {:.3f}\n  mean probability by place:",
                       t.worst_accuracy, t.best_accuracy);
    for (const Estimate& place : t.by_place) out += "  " + to_text(place);
    out += "\n";
  }
  out += "\nanswer template, each against the task's own\n" + heading;
  for (const PromptVariantOutcome& t : check.templates) {
    if (!t.skipped.empty()) continue;
    out += fmt::format("answer '{}'\n{}{}", t.answer, row(t.main_against_own),
                       row(t.average_against_own));
  }
  return out;
}

std::string to_json(const PromptCheck& check) {
  Json out = check_detail::samples_json(check.n, check.failed, check.without_truth);
  out["passes"] = check.passes;
  out["reordered"] = check.reordered;
  out["templates"] = Json::array();
  for (const PromptVariantOutcome& t : check.templates) {
    Json item = {{"answer", t.answer}};
    if (!t.skipped.empty()) {
      item["skipped"] = t.skipped;
      out["templates"].push_back(std::move(item));
      continue;
    }
    item["orders"] = Json::array();
    for (const PromptOutcome& order : t.orders) {
      item["orders"].push_back(outcome_json(order, check.level));
    }
    item["average"] = outcome_json(t.average, check.level);
    item["worst_accuracy"] = t.worst_accuracy;
    item["best_accuracy"] = t.best_accuracy;
    item["by_place"] = Json::array();
    for (const Estimate& place : t.by_place) {
      item["by_place"].push_back(check_detail::estimate(place, check.level));
    }
    item["main_against_own"] = outcome_json(t.main_against_own, check.level);
    item["average_against_own"] = outcome_json(t.average_against_own, check.level);
    out["templates"].push_back(std::move(item));
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace firstlight
