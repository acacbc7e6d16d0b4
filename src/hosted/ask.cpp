#include <cmath>

#include "firstlight/base/error.h"
#include "firstlight/base/log.h"
#include "hosted_model.h"
#include "one_line.h"
#include "readout.h"

/// Requests of a hosted model: within the budget, with the fields that the server takes, counted.
namespace firstlight::hosted {
namespace {

constexpr std::size_t kNameBytes = 200;
constexpr int kGiveUpsUntilEnd = 3;

}  // namespace

void HostedModel::note(const Json& answer, ServerAnswer& server) const {
  const Usage usage = usage_of(answer);
  server.prompt_tokens += usage.prompt;
  server.cached_tokens += usage.cached;
  server.completion_tokens += usage.completion;
  server.model = one_line(text_at(answer, "model"), kNameBytes);
  server.fingerprint = one_line(text_at(answer, "system_fingerprint"), kNameBytes);
  if (const auto cost = cost_of(answer, usage)) {
    server.cost_usd = server.cost_usd.value_or(0.0) + *cost;
  }
}

std::optional<double> HostedModel::cost_of(const Json& answer, const Usage& usage) const {
  std::optional<Price> price = prices_->find(text_at(answer, "model"));
  if (!price) price = price_;
  return price ? std::optional(cost_usd(*price, usage)) : std::nullopt;
}

Outcome HostedModel::send(const std::string& body, double tokens, bool finish) const {
  Session& session = *options_.session;
  for (;;) {
    const std::set<std::string> left_out = session.left_out();
    Outcome outcome = exchange_->ask(kChat, without_fields(body, left_out), tokens, finish);
    const std::string field =
        outcome.kind == Outcome::Kind::kRefused ? field_to_leave_out(outcome) : std::string();
    if (field.empty() || left_out.count(field) > 0) return outcome;
    if (session.leave_out(field)) {
      log_warning("the server refuses '" + field + "' (" + outcome.problem +
                  "); going on without it");
    }
  }
}

void HostedModel::throw_gone(const std::string& problem) const {
  throw Error::input("", problem,
                     "the run keeps what it has; give the same command again to go on");
}

Result<Json> HostedModel::ask_beside(const Call& call, const Json& body) const {
  Outcome outcome = exchange_->ask(call, body.dump(), 0.0);
  switch (outcome.kind) {
    case Outcome::Kind::kAnswer:
      return std::move(outcome.answer);
    case Outcome::Kind::kRefused:
      return Error::input("", outcome.problem);
    case Outcome::Kind::kStopped:
      return Error::stopped(spec_.text, "interrupted");
    case Outcome::Kind::kGaveUp:
      break;
  }
  throw_gone(outcome.problem);
}

Result<std::vector<LabelTokens>> HostedModel::find_tokens(
    const Json& messages, const std::vector<std::string>& labels) const {
  if (const auto known = tokens_.find(labels); known != tokens_.end()) return known->second;
  const auto tokens_of = [&](const Json& conversation, bool open) -> Result<Json> {
    Result<Json> text =
        ask_beside(kApplyTemplate, {{"messages", conversation}, {"add_generation_prompt", open}});
    if (!text) return text;
    return ask_beside(kTokenise, {{"content", text.value()["prompt"]}, {"with_pieces", true}});
  };
  // The end of a conversation decides the tokens of what follows: its pictures do not matter.
  Json conversation = messages;
  for (Json& message : conversation) {
    if (!message["content"].is_array()) continue;
    Json texts = Json::array();
    for (const Json& part : message["content"]) {
      if (part["type"] == "text") texts.push_back(part);
    }
    message["content"] = std::move(texts);
  }
  const Result<Json> before = tokens_of(conversation, true);
  if (!before) return before.error();
  std::vector<LabelTokens> found;
  for (const std::string& label : labels) {
    Json with_label = conversation;
    with_label.push_back({{"role", "assistant"}, {"content", label}});
    // The server would take an assistant's message at the end for one to be continued.
    with_label.push_back({{"role", "user"}, {"content", "."}});
    const Result<Json> with = tokens_of(with_label, false);
    if (!with) return with.error();
    Result<LabelTokens> tokens = label_tokens(before.value(), with.value(), label);
    if (!tokens) return tokens.error();
    found.push_back(std::move(tokens).value());
  }
  return tokens_[labels] = std::move(found);
}

Result<Json> HostedModel::ask(const std::string& body, const Job& job, ServerAnswer& server,
                              bool finish) const {
  const double estimate =
      price_ ? cost_usd(*price_, {std::llround(job.tokens), 0, job.max_tokens}) : 0.0;
  Session& session = *options_.session;
  if (!finish && session.interrupted()) return Error::stopped(spec_.text, "interrupted");
  if (!session.may_ask(estimate)) return Error::stopped(spec_.text, "the budget is spent");
  const std::uint64_t answers_before = exchange_->answers();
  Outcome outcome;
  try {
    outcome = send(body, job.tokens + job.max_tokens, finish);
  } catch (...) {
    session.settle(estimate);
    throw;
  }
  session.settle(estimate);
  switch (outcome.kind) {
    case Outcome::Kind::kAnswer:
      gave_up_ = 0;
      note(outcome.answer, server);
      return std::move(outcome.answer);
    case Outcome::Kind::kRefused:
      return Error::input("", outcome.problem);
    case Outcome::Kind::kStopped:
      return Error::stopped(spec_.text, "interrupted");
    case Outcome::Kind::kGaveUp:
      break;
  }
  // A server that is gone says nothing of this sample, one that answers others does.
  const bool alone = exchange_->answers() == answers_before;
  if (alone && (!exchange_->alive() || ++gave_up_ >= kGiveUpsUntilEnd)) {
    throw_gone(outcome.problem);
  }
  return Error::input("", outcome.problem);
}

}  // namespace firstlight::hosted
