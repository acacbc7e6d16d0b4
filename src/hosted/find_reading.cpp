#include <algorithm>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/score/label_text.h"
#include "forced.h"
#include "hosted_model.h"
#include "one_line.h"
#include "readout.h"

/// What a server offers, found out by asking it: small requests without a picture.
namespace firstlight::hosted {
namespace {

constexpr std::size_t kNamesShown = 10;
constexpr int kProbeTokens = 100;  ///< in and out, at most

Json user_message(const std::string& text) {
  return Json::array({{{"role", "user"}, {"content", text}}});
}

/// Words that no model would say by itself, so that an answer with one of them was held to it.
const std::vector<std::string> kHeldTo = {"quince seven", "medlar nine"};

}  // namespace

Json HostedModel::probe(const Json& request) {
  Session& session = *options_.session;
  const double estimate =
      price_ ? cost_usd(*price_, {kProbeTokens, 0, settings_.max_tokens.value_or(kProbeTokens)})
             : 0.0;
  if (!session.may_ask(estimate)) {
    throw Error::usage("--max-cost", "is less than finding out what the server offers may cost",
                       "raise it, or name the way to read answers (read=), which asks less");
  }
  Outcome outcome;
  try {
    outcome = send(request.dump(), kProbeTokens);
  } catch (...) {
    session.settle(estimate);
    throw;
  }
  session.settle(estimate);
  switch (outcome.kind) {
    case Outcome::Kind::kAnswer: {
      const Usage usage = usage_of(outcome.answer);
      session.count_probe(usage, cost_of(outcome.answer, usage));
      return std::move(outcome.answer);
    }
    case Outcome::Kind::kRefused:
      return Json::object();  // does not know what was asked for
    case Outcome::Kind::kStopped:
      throw Error::stopped(spec_.text, "interrupted");
    case Outcome::Kind::kGaveUp:
      break;
  }
  // A server that fails on what it does not know, but is there.
  if (exchange_->alive()) return Json::object();
  throw Error::input("model", outcome.problem);
}

bool HostedModel::wants_special_tokens() const {
  Json request = {{"model", spec_.name}, {"messages", user_message("Say yes.")}};
  std::vector<Json> answers;
  for (const bool special : {false, true}) {
    request["add_special_tokens"] = special;
    Result<Json> answer = ask_beside(kTokenise, request);
    if (!answer) {
      if (answer.error().kind() == ErrorKind::kStopped) throw answer.error();
      return false;  // a gateway that offers the protocol only
    }
    answers.push_back(std::move(answer).value());
  }
  return lacks_first_token(answers[0], answers[1]);
}

bool HostedModel::offers_prompt_scores() {
  if (spec_.official) return false;
  Json messages = user_message("Say yes.");
  messages.push_back({{"role", "assistant"}, {"content", "yes"}});
  Json request = base_request(std::move(messages), settings_, 1);
  request["add_generation_prompt"] = false;
  request["prompt_logprobs"] = 0;
  return scores_from_prompts({prompt_tail(probe(request))}, {"yes"}).ok();
}

bool HostedModel::offers_forced_tokens() {
  const std::string label = "yes";
  const Json messages = user_message("Say yes.");
  const auto found = find_tokens(messages, {label});
  if (!found) {
    if (found.error().kind() == ErrorKind::kStopped) throw found.error();
    return false;
  }
  const LabelTokens& tokens = found.value().front();
  Json request = base_request(messages, settings_, static_cast<int>(tokens.ids.size()) + 1);
  force_tokens(request, tokens);
  return score_from_grammar(probe(request), label, tokens).ok();
}

bool HostedModel::offers_top() {
  Json request = base_request(user_message("Say yes."), settings_, 4);
  ask_for_logprobs(request);
  const std::vector<Position> positions = positions_of(probe(request));
  return !positions.empty() && !positions.front().top.empty();
}

Constraint HostedModel::offered_constraint() {
  std::vector<Constraint> candidates = {Constraint::kJsonSchema};
  if (!spec_.official) {
    candidates.insert(candidates.end(),
                      {Constraint::kStructuredOutputs, Constraint::kGuidedChoice});
  }
  if (llama_server_) candidates = {Constraint::kGrammar};
  for (const Constraint candidate : candidates) {
    Json request = base_request(user_message("Greet me."), settings_, enough_tokens(kHeldTo));
    constrain(request, candidate, kHeldTo);
    const std::string content = content_of(probe(request));
    if (match_json(content, kHeldTo) || match_label(content, kHeldTo)) return candidate;
  }
  return Constraint::kNone;
}

void HostedModel::find_reading() {
  const std::vector<ListedModel> models = exchange_->check();
  const auto listed = [&](const ListedModel& model) { return model.id == spec_.name; };
  if (!models.empty() && std::none_of(models.begin(), models.end(), listed)) {
    std::vector<std::string> names;
    for (const ListedModel& model : models) {
      if (names.size() == kNamesShown) break;
      names.push_back("'" + one_line(model.id, 80) + "'");
    }
    throw Error::usage(
        spec_.text, "the server has no model '" + spec_.name + "'",
        "it has " + text::join(names, ", ") + (models.size() > kNamesShown ? ", ..." : ""));
  }
  const auto owned_by = [&](const char* owner) {
    return std::any_of(models.begin(), models.end(),
                       [&](const ListedModel& model) { return model.owner == owner; });
  };
  llama_server_ = owned_by("llamacpp");
  if (owned_by("vllm")) settings_.special_tokens = wants_special_tokens();
  const std::string& read = spec_.read;
  const auto missing = [&](const std::string& what) {
    return Error::usage(spec_.text, "the server does not offer " + what,
                        "leave read out to take the best that it offers");
  };
  if (read == "auto" || read == "exact") {
    if (llama_server_ ? offers_forced_tokens() : offers_prompt_scores()) {
      reading_ = llama_server_ ? Reading::kGrammar : Reading::kForced;
      return;
    }
    if (read == "exact") throw missing("scores of given answers");
  }
  if (read == "auto" || read == "top20") {
    const bool top = offers_top();
    if (!top && read == "top20") throw missing("log-probabilities");
    if (top) {
      reading_ = Reading::kTop20;
      // An answer that is no label is asked for again with the labels as the only choice.
      constraint_ = offered_constraint();
      return;
    }
  }
  if (read == "auto" || read == "schema") {
    constraint_ = offered_constraint();
    if (constraint_ == Constraint::kNone && read == "schema") {
      throw missing("answers held to a list");
    }
    if (constraint_ != Constraint::kNone) {
      reading_ = Reading::kSchema;
      return;
    }
  }
  reading_ = Reading::kText;
}

}  // namespace firstlight::hosted
