#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "figures.h"
#include "firstlight/check/reading_check.h"

namespace firstlight {
namespace {

using check_detail::Json;

std::string title(const ReadingOutcome& outcome) {
  return outcome.name.empty() ? outcome.kind : outcome.kind + " " + outcome.name;
}

}  // namespace

std::string to_text(const ReadingCheck& check) {
  std::string out =
      check_detail::samples_line(check.n, check.failed, check.without_truth, check.level);
  std::size_t width = 0;
  for (const ReadingOutcome& outcome : check.outcomes) {
    width = std::max(width, title(outcome).size());
  }
  out += fmt::format("{:<{}}  {:>6}  {:>6}  {:<25}  {:<25}  {}\n", "prompt", width, "n", "chance",
                     "accuracy", "plain on the same", "ratio");
  for (const ReadingOutcome& outcome : check.outcomes) {
    if (!outcome.skipped.empty()) {
      out += fmt::format("{:<{}}  skipped: {}\n", title(outcome), width, outcome.skipped);
      continue;
    }
    out += fmt::format("{:<{}}  {:>6}  {:>6.3f}  {:<25}  {:<25}  {}\n", title(outcome), width,
                       outcome.n, outcome.chance, to_text(outcome.accuracy),
                       to_text(outcome.plain_accuracy), to_text(outcome.ratio));
  }
  return out;
}

std::string to_json(const ReadingCheck& check) {
  Json out = check_detail::samples_json(check.n, check.failed, check.without_truth);
  out["outcomes"] = Json::array();
  for (const ReadingOutcome& outcome : check.outcomes) {
    Json item = {{"kind", outcome.kind}, {"name", outcome.name}};
    if (!outcome.skipped.empty()) {
      item["skipped"] = outcome.skipped;
    } else {
      item["n"] = outcome.n;
      item["chance"] = outcome.chance;
      item["accuracy"] = check_detail::estimate(outcome.accuracy, check.level);
      item["plain_accuracy"] = check_detail::estimate(outcome.plain_accuracy, check.level);
      item["ratio"] = check_detail::estimate(outcome.ratio, check.level);
      item["difference"] = check_detail::estimate(outcome.difference, check.level);
    }
    out["outcomes"].push_back(std::move(item));
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace firstlight
