#include "result_json.h"

#include <nlohmann/json.hpp>

namespace firstlight::hosted {
namespace {

using Json = nlohmann::json;

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

std::optional<double> optional_number(const Json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

}  // namespace

std::string to_json(const LabelScores& scores) {
  Json json = {{"kind", to_string(scores.kind)}, {"answers", Json::array()}};
  for (const AnswerScore& answer : scores.answers) {
    json["answers"].push_back({answer.token_ids, answer.logprobs});
  }
  if (scores.server) {
    const ServerAnswer& s = *scores.server;
    json["server"] = {s.request,
                      s.model,
                      s.fingerprint,
                      s.prompt_tokens,
                      s.cached_tokens,
                      s.completion_tokens,
                      or_null(s.cost_usd),
                      or_null(s.outside),
                      s.text,
                      s.problem};
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<LabelScores> scores_from_json(const std::string& text, std::size_t classes) {
  try {
    const Json json = Json::parse(text);
    LabelScores scores;
    const auto kind = score_kind(json.at("kind").get<std::string>());
    if (!kind) return std::nullopt;
    scores.kind = *kind;
    for (const Json& answer : json.at("answers")) {
      scores.answers.push_back(
          {answer.at(0).get<std::vector<std::int32_t>>(), answer.at(1).get<std::vector<double>>()});
    }
    const Json& s = json.at("server");
    scores.server = ServerAnswer{s.at(0),
                                 s.at(1),
                                 s.at(2),
                                 s.at(3),
                                 s.at(4),
                                 s.at(5),
                                 optional_number(s.at(6)),
                                 optional_number(s.at(7)),
                                 s.at(8),
                                 s.at(9)};
    if (!scores.answers.empty() && scores.answers.size() != classes) return std::nullopt;
    if (scores.answers.empty() == scores.server->problem.empty()) return std::nullopt;
    return scores;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace firstlight::hosted
