#include <fmt/format.h>

#include "figures.h"
#include "firstlight/check/reason_check.h"

namespace firstlight {
namespace {

using check_detail::Json;

Json agreement_json(const ReasonAgreement& agreement, double level) {
  return {{"known", agreement.known},
          {"stated", agreement.stated},
          {"agreement", check_detail::estimate(agreement.agreement, level)}};
}

}  // namespace

std::string to_text(const ReasonCheck& check) {
  std::string out =
      check_detail::samples_line(check.n, check.failed, check.without_truth, check.level);
  out += fmt::format("accuracy of the labels: {}\n\n", to_text(check.accuracy));
  out += fmt::format("{:<14}  {:>6}  {:>6}  {:<25}  {:<25}  {:<25}", "attribute", "known", "stated",
                     "true", "labels right", "labels wrong");
  out += check.exchange ? "  pictures exchanged\n" : "\n";
  for (const ReasonRow& row : check.rows) {
    out += fmt::format("{:<14}  {:>6}  {:>6}  {:<25}  {:<25}  {:<25}", row.attribute, row.all.known,
                       row.all.stated, to_text(row.all.agreement), to_text(row.right.agreement),
                       to_text(row.wrong.agreement));
    out += check.exchange ? "  " + to_text(row.exchanged.agreement) + "\n" : "\n";
  }
  out += "\n";
  for (const ReasonCheck::Example& example : check.examples) {
    out += fmt::format("{}: {}. {}\n", example.id, example.label, example.reason);
  }
  return out;
}

std::string to_json(const ReasonCheck& check) {
  Json out = check_detail::samples_json(check.n, check.failed, check.without_truth);
  out["accuracy"] = check_detail::estimate(check.accuracy, check.level);
  out["attributes"] = Json::array();
  for (const ReasonRow& row : check.rows) {
    Json item = {{"attribute", row.attribute},
                 {"all", agreement_json(row.all, check.level)},
                 {"labels_right", agreement_json(row.right, check.level)},
                 {"labels_wrong", agreement_json(row.wrong, check.level)}};
    if (check.exchange) item["exchanged"] = agreement_json(row.exchanged, check.level);
    out["attributes"].push_back(std::move(item));
  }
  out["examples"] = Json::array();
  for (const ReasonCheck::Example& example : check.examples) {
    out["examples"].push_back(
        {{"id", example.id}, {"label", example.label}, {"reason", example.reason}});
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace firstlight
