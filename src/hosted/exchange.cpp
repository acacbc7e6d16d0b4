#include "exchange.h"

#include <algorithm>
#include <ctime>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/log.h"
#include "firstlight/base/secret.h"
#include "firstlight/base/text.h"
#include "one_line.h"
#include "readout.h"

namespace firstlight::hosted {
namespace {

constexpr std::size_t kShownBytes = 200;
constexpr int kFailuresUntilDown = 3;
constexpr double kLongestRetryAfter = 300.0;
constexpr double kNap = 0.05;  ///< how soon an interrupt ends a wait, in seconds

bool worth_another_try(long status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

/// Seconds that a server asks for; nullopt where it does not.
std::optional<double> retry_after(const HttpReply& reply) {
  if (const auto ms = reply.headers.find("retry-after-ms"); ms != reply.headers.end()) {
    if (const auto value = text::parse_double(ms->second)) {
      return std::clamp(*value / 1000, 0.0, kLongestRetryAfter);
    }
  }
  const auto found = reply.headers.find("retry-after");
  if (found == reply.headers.end()) return std::nullopt;
  auto seconds = text::parse_double(found->second);
  if (!seconds) {
    const auto date = parse_http_date(found->second);
    if (!date) return std::nullopt;
    seconds = std::difftime(*date, std::time(nullptr));
  }
  return std::clamp(*seconds, 0.0, kLongestRetryAfter);
}

double used_tokens(const Json& answer) {
  const auto usage = answer.find("usage");
  if (usage == answer.end() || !usage->is_object()) return 0.0;
  const auto total = usage->find("total_tokens");
  return total != usage->end() && total->is_number() ? total->get<double>() : 0.0;
}

std::optional<double> announced(const HttpReply& reply, const char* name) {
  const auto found = reply.headers.find(name);
  if (found == reply.headers.end()) return std::nullopt;
  const auto value = text::parse_double(found->second);
  return value && *value > 0 ? value : std::nullopt;
}

/// `param` of an error, as OpenAI names the field at fault.
std::string refused_parameter(const std::string& body) {
  const Json reply = Json::parse(body, nullptr, false);
  if (!reply.is_object()) return {};
  const auto error = reply.find("error");
  return error != reply.end() ? text_at(*error, "param") : std::string();
}

Url address_of(Url base, const Call& call) {
  constexpr std::string_view kVersion = "/v1";
  const std::size_t size = base.path.size();
  if (call.beside && size >= kVersion.size() &&
      base.path.compare(size - kVersion.size(), kVersion.size(), kVersion) == 0) {
    base.path.resize(size - kVersion.size());
  }
  base.path += call.path;
  return base;
}

}  // namespace

Exchange::Exchange(std::vector<Url> endpoints, std::string key, std::string ca_file,
                   const Options& options)
    : http_(options.timeout_seconds, std::move(ca_file)),
      key_(std::move(key)),
      options_(options),
      random_(std::random_device{}()) {
  for (Url& url : endpoints) {
    Endpoint endpoint;
    endpoint.url = std::move(url);
    endpoint.requests.set_rate(options.requests_per_minute);
    endpoint.tokens.set_rate(options.tokens_per_minute);
    endpoints_.push_back(std::move(endpoint));
  }
}

std::string Exchange::shown(std::string_view text) const {
  return one_line(without_secret(std::string(text), key_), kShownBytes);
}

std::string Exchange::message_of(const HttpReply& reply) const {
  if (reply.kind != HttpReply::Kind::kAnswer) return shown(reply.problem);
  const Json body = Json::parse(reply.body, nullptr, false);
  std::string message;
  if (body.is_object()) {
    const auto error = body.find("error");
    message = error != body.end() && error->is_string() ? error->get<std::string>()
              : error != body.end()                     ? text_at(*error, "message")
                                                        : text_at(body, "message");
  }
  return "HTTP " + std::to_string(reply.status) + (message.empty() ? "" : ": " + shown(message));
}

void Exchange::throw_if_fatal(const Endpoint& endpoint, const HttpReply& reply) const {
  if (reply.kind != HttpReply::Kind::kAnswer) return;
  const std::string where = endpoint.url.text();
  if (reply.status == 401 || reply.status == 403) {
    throw Error::usage(where, "the server refuses the key (" + message_of(reply) + ")",
                       key_.empty() ? "no key was given: see --key-file" : "check it");
  }
  if (reply.status == 404) {
    throw Error::usage(where,
                       "the server has no such model or address (" + message_of(reply) + ")");
  }
  if (reply.status == 429 && reply.body.find("insufficient_quota") != std::string::npos) {
    throw Error::input(where, "the account has no money left (" + message_of(reply) + ")",
                       "then run the same command again");
  }
}

double Exchange::jitter() {
  const std::lock_guard lock(mutex_);
  return random_.uniform();
}

bool Exchange::sleep(double seconds, bool finish) const {
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (finish || !options_.session->interrupted()) {
    const double left = std::chrono::duration<double>(end - Clock::now()).count();
    if (left <= 0) return true;
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, kNap)));
  }
  return false;
}

Exchange::Endpoint* Exchange::reserve(double tokens, bool finish) {
  for (int checks = 0;;) {
    double wait = 0.0;
    bool down = false;
    Endpoint* chosen = nullptr;
    {
      const std::lock_guard lock(mutex_);
      const auto now = Clock::now();
      double soonest = 0.0;
      for (Endpoint& endpoint : endpoints_) {
        const double ready =
            std::max({std::chrono::duration<double>(endpoint.not_before - now).count(),
                      endpoint.requests.wait_seconds(now), endpoint.tokens.wait_seconds(now), 0.0});
        // Of those that are ready, the one with the fewest requests on their way.
        const bool better = chosen == nullptr || ready < soonest ||
                            (ready == soonest && endpoint.in_flight < chosen->in_flight);
        if (better) {
          chosen = &endpoint;
          soonest = ready;
        }
      }
      wait = soonest;
      if (wait <= 0) {
        chosen->requests.take(1.0, now);
        chosen->tokens.take(tokens, now);
        ++chosen->in_flight;
        down = chosen->down;
      }
    }
    if (wait > 0) {
      if (!sleep(wait, finish)) return nullptr;
      continue;
    }
    if (!finish && options_.session->interrupted()) {
      release(*chosen);
      return nullptr;
    }
    // Where no health check helps, the request itself finds out what is wrong.
    if (!down || ++checks > options_.attempts || revive(*chosen)) return chosen;
    release(*chosen);
  }
}

void Exchange::release(Endpoint& endpoint) {
  const std::lock_guard lock(mutex_);
  --endpoint.in_flight;
}

/// A lone endpoint is asked at once; one of a pool has to answer a health check first.
bool Exchange::revive(Endpoint& endpoint) {
  if (endpoints_.size() > 1) {
    Url url = endpoint.url;
    url.path += "/models";
    const HttpReply reply = http_.send(url, key_, nullptr);
    if (reply.kind != HttpReply::Kind::kAnswer || worth_another_try(reply.status)) {
      note_failure(endpoint, options_.first_wait_seconds, false);
      return false;
    }
  }
  const std::lock_guard lock(mutex_);
  endpoint.down = false;
  return true;
}

void Exchange::note_failure(Endpoint& endpoint, double wait_seconds, bool pause) {
  bool went_down = false;
  {
    const std::lock_guard lock(mutex_);
    ++endpoint.failures;
    const bool down = endpoint.failures >= kFailuresUntilDown;
    went_down = down && !endpoint.down && endpoints_.size() > 1;
    endpoint.down = down;
    if (pause || down) {
      const double wait =
          down ? std::max(wait_seconds,
                          back_off_seconds(options_.first_wait_seconds, endpoint.failures, 0.5))
               : wait_seconds;
      const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                            std::chrono::duration<double>(wait));
      endpoint.not_before = std::max(endpoint.not_before, until);
    }
  }
  if (went_down) log_warning(endpoint.url.text() + " does not answer; going on without it for now");
}

void Exchange::note_answer(Endpoint& endpoint, const HttpReply& reply, double guess, double used) {
  const std::lock_guard lock(mutex_);
  endpoint.failures = 0;
  endpoint.down = false;
  if (used > 0) endpoint.tokens.take(used - guess, Clock::now());
  const auto adopt = [&](Bucket& bucket, double chosen, const char* header) {
    if (chosen > 0 || bucket.per_minute() > 0) return;
    if (const auto rate = announced(reply, header)) bucket.set_rate(*rate);
  };
  adopt(endpoint.requests, options_.requests_per_minute, "x-ratelimit-limit-requests");
  adopt(endpoint.tokens, options_.tokens_per_minute, "x-ratelimit-limit-tokens");
}

std::vector<ListedModel> Exchange::check() {
  std::vector<ListedModel> models;
  std::string last;
  std::size_t alive = 0;
  for (Endpoint& endpoint : endpoints_) {
    Url url = endpoint.url;
    url.path += "/models";
    HttpReply reply;
    for (int attempt = 1; attempt <= options_.attempts; ++attempt) {
      if (attempt > 1 && !sleep(retry_after(reply).value_or(
                             back_off_seconds(options_.first_wait_seconds, attempt, jitter())))) {
        throw Error::stopped(endpoint.url.text(), "interrupted");
      }
      reply = http_.send(url, key_, nullptr);
      if (reply.kind == HttpReply::Kind::kRefused) break;
      const bool listed = reply.status != 200 || Json::accept(reply.body);
      if (reply.kind == HttpReply::Kind::kAnswer && !worth_another_try(reply.status) && listed)
        break;
      // A port that nobody listens on will hardly be opened in the next minute.
      if (reply.kind == HttpReply::Kind::kCut && attempt >= kFailuresUntilDown &&
          endpoints_.size() > 1)
        break;
    }
    if (reply.kind == HttpReply::Kind::kAnswer && reply.status == 404) {
      ++alive;  // a server without this list
      continue;
    }
    throw_if_fatal(endpoint, reply);
    const Json body = Json::parse(reply.body, nullptr, false);
    if (reply.kind != HttpReply::Kind::kAnswer || reply.status != 200 || !body.is_object()) {
      last = endpoint.url.text() + ": " + message_of(reply);
      endpoint.failures = kFailuresUntilDown;
      endpoint.down = true;
      if (endpoints_.size() > 1) log_warning(last + "; going on without it for now");
      continue;
    }
    ++alive;
    const auto data = body.find("data");
    if (data == body.end() || !data->is_array()) continue;
    for (const Json& item : *data)
      models.push_back({text_at(item, "id"), text_at(item, "owned_by")});
  }
  if (alive == 0) {
    throw Error::input("model", "no server answers (" + last + ")",
                       "check the address, and that the server runs");
  }
  return models;
}

bool Exchange::alive() const {
  return std::any_of(endpoints_.begin(), endpoints_.end(), [&](const Endpoint& endpoint) {
    Url url = endpoint.url;
    url.path += "/models";
    const HttpReply reply = http_.send(url, key_, nullptr);
    return reply.kind == HttpReply::Kind::kAnswer && reply.status < 500;
  });
}

Outcome Exchange::ask(const Call& call, const std::string& body, double tokens, bool finish) {
  Outcome outcome;
  for (int attempt = 1; attempt <= options_.attempts; ++attempt) {
    Endpoint* endpoint = reserve(tokens, finish);
    if (endpoint == nullptr) {
      outcome.kind = Outcome::Kind::kStopped;
      return outcome;
    }
    const HttpReply reply = http_.send(address_of(endpoint->url, call), key_, &body);
    release(*endpoint);
    outcome.status = reply.kind == HttpReply::Kind::kAnswer ? reply.status : 0;
    // Not every server has the requests that stand beside the protocol.
    if (!call.beside || reply.status != 404) throw_if_fatal(*endpoint, reply);
    if (reply.kind == HttpReply::Kind::kAnswer && reply.status == 200) {
      outcome.answer = Json::parse(reply.body, nullptr, false);
      if (outcome.answer.is_object() && outcome.answer.contains(call.holds)) {
        note_answer(*endpoint, reply, tokens, used_tokens(outcome.answer));
        ++answers_;
        outcome.kind = Outcome::Kind::kAnswer;
        return outcome;
      }
      outcome.problem = endpoint->url.text() + ": the answer is malformed";
    } else {
      outcome.problem = endpoint->url.text() + ": " + message_of(reply);
    }
    const bool again = reply.kind == HttpReply::Kind::kCut ||
                       (reply.kind == HttpReply::Kind::kAnswer &&
                        (reply.status == 200 || worth_another_try(reply.status)));
    if (!again) {
      if (reply.kind == HttpReply::Kind::kAnswer) {
        note_answer(*endpoint, reply, tokens, 0.0);
        outcome.parameter = refused_parameter(reply.body);
      }
      outcome.kind = Outcome::Kind::kRefused;
      return outcome;
    }
    const auto asked = retry_after(reply);
    const double wait =
        asked.value_or(back_off_seconds(options_.first_wait_seconds, attempt + 1, jitter()));
    // A limit is the endpoint's: everybody waits. Another failure may be this request's own.
    if (reply.status == 429) {
      const std::lock_guard lock(mutex_);
      endpoint->not_before =
          std::max(endpoint->not_before, Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                            std::chrono::duration<double>(wait)));
    } else {
      note_failure(*endpoint, wait, asked.has_value());
    }
    // With another endpoint at hand there is nothing to wait for.
    const bool elsewhere = endpoints_.size() > 1 && reply.status != 429;
    if (attempt < options_.attempts && !elsewhere && !sleep(wait, finish)) {
      outcome.kind = Outcome::Kind::kStopped;
      return outcome;
    }
  }
  outcome.kind = Outcome::Kind::kGaveUp;
  outcome.problem += " (after " + std::to_string(options_.attempts) + " tries)";
  return outcome;
}

}  // namespace firstlight::hosted
