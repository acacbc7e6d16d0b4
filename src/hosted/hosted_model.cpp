#include "hosted_model.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <map>
#include <thread>

#include "firstlight/base/error.h"
#include "firstlight/base/hash.h"
#include "firstlight/base/log.h"
#include "firstlight/base/secret.h"
#include "firstlight/base/text.h"
#include "firstlight/score/label_text.h"
#include "forced.h"
#include "one_line.h"
#include "readout.h"
#include "result_json.h"

namespace firstlight::hosted {
namespace {

constexpr std::size_t kRecent = 32;
constexpr std::size_t kTextBytes = 200;
constexpr int kMaxImages = 32;
/// A chosen label against the others where there are no probabilities: finite, so that averages
/// over class orders count votes.
constexpr double kNotChosen = -30.0;

LabelScores one_label(ScoreKind kind, ClassId label, std::size_t classes) {
  LabelScores scores;
  scores.kind = kind;
  for (std::size_t i = 0; i < classes; ++i) {
    scores.answers.push_back({{}, {i == label.index() ? 0.0 : kNotChosen}});
  }
  return scores;
}

/// Why an answer is none, in words: a refusal, an end at the limit, or the text.
std::string no_label(const Json& answer) {
  const Json& choice = answer["choices"].empty() ? Json() : answer["choices"].front();
  const Json* message =
      choice.is_object() && choice.contains("message") ? &choice["message"] : nullptr;
  const std::string refusal =
      message != nullptr && message->is_object() ? text_at(*message, "refusal") : "";
  if (!refusal.empty()) return "the model refused: " + one_line(refusal, kTextBytes);
  return "the answer fits no label: '" + one_line(content_of(answer), kTextBytes) + "'";
}

}  // namespace

HostedModel::HostedModel(std::string_view spec, const Options& options)
    : spec_(parse_model_spec(spec)), options_(options) {
  settings_.model = spec_.name;
  settings_.jpeg = spec_.jpeg;
  settings_.quality = spec_.quality;
  settings_.detail = spec_.detail;
  settings_.seed = spec_.seed;
  settings_.max_tokens = spec_.max_tokens;
  settings_.completion_limit_name = spec_.official;
  prices_ = load_prices(options.price_file.empty() ? default_price_file() : options.price_file);
  price_ = prices_->find(spec_.name);
  if (options_.session->has_budget() && !price_) {
    throw Error::usage("--max-cost", "the price of '" + spec_.name + "' is not known",
                       "name a table that has it with --prices");
  }
  if (options_.offline) {
    if (spec_.read == "schema") constraint_ = Constraint::kJsonSchema;
    reading_ = spec_.read == "exact"    ? Reading::kForced
               : spec_.read == "schema" ? Reading::kSchema
               : spec_.read == "text"   ? Reading::kText
                                        : Reading::kTop20;
    return;
  }
  const std::string key = load_secret(options_.key_file, "--key-file", spec_.key_variable);
  if (spec_.official && key.empty()) {
    throw Error::usage(spec_.text, "no key",
                       "set " + spec_.key_variable + " or name a file with --key-file");
  }
  for (const Url& url : spec_.endpoints) {
    if (!key.empty() && url.scheme == "http" && !url.is_loopback()) {
      log_warning("the key goes to " + url.text() + " unencrypted; use https");
    }
  }
  exchange_ = std::make_unique<Exchange>(spec_.endpoints, key, spec_.ca_file, options_);
  find_reading();
}

Capabilities HostedModel::capabilities() const {
  Capabilities c;
  c.name = spec_.name;
  c.type = "openai";
  c.kind = kind_of(reading_);
  c.can_generate = true;
  c.max_images = kMaxImages;
  c.device = "server";
  // Enough that a slow answer does not leave the other places empty for long.
  c.preferred_batch = 4 * options_.concurrency;
  return c;
}

std::string HostedModel::content_hash() const {
  // The weights are the server's secret; this is what decides how it is asked.
  ContentHash hash;
  for (const std::string& part :
       {spec_.name, to_string(kind_of(reading_)), std::to_string(static_cast<int>(reading_)),
        std::to_string(static_cast<int>(constraint_)), std::string(spec_.jpeg ? "jpeg" : "png"),
        std::to_string(spec_.quality), spec_.detail, std::to_string(spec_.seed)}) {
    hash.update(part + "\n");
  }
  if (spec_.max_tokens) hash.update(std::to_string(*spec_.max_tokens) + "\n");
  if (settings_.special_tokens) hash.update("special tokens\n");
  return hash.hex();
}

std::vector<Json> HostedModel::requests_of(const ScoreRequest& request, Reading reading,
                                           const PictureText& picture) const {
  const bool forced = reading == Reading::kForced || reading == Reading::kGrammar;
  const Json messages =
      messages_of(request.prompt, request.images, forced ? "" : instruction_for(request.answers),
                  settings_, picture);
  const int max_tokens = enough_tokens(request.answers);
  std::vector<Json> requests;
  if (!forced) {
    Json body = base_request(messages, settings_, max_tokens);
    if (reading == Reading::kTop20) ask_for_logprobs(body);
    if (reading == Reading::kSchema) constrain(body, constraint_, request.answers);
    requests.push_back(std::move(body));
    return requests;
  }
  if (reading == Reading::kGrammar) {
    for (const LabelTokens& tokens : tokens_.at(request.answers)) {
      // The label's tokens and the end; a limit of the user's is for answers that are free.
      const int count = static_cast<int>(tokens.ids.size()) + 1;
      Json body = base_request(messages, settings_, count);
      body["max_tokens"] = count;
      force_tokens(body, tokens);
      requests.push_back(std::move(body));
    }
    return requests;
  }
  for (const std::string& label : request.answers) {
    Json with_answer = messages;
    with_answer.push_back({{"role", "assistant"}, {"content", label}});
    Json body = base_request(std::move(with_answer), settings_, 1);
    body["max_tokens"] = 1;
    body["add_generation_prompt"] = false;
    body["prompt_logprobs"] = 0;
    requests.push_back(std::move(body));
  }
  return requests;
}

HostedModel::Job HostedModel::job_of(const ScoreRequest& request) const {
  Job job;
  job.labels = request.answers;
  job.tokens = guess_tokens(request.prompt, request.images, settings_.detail);
  job.max_tokens = settings_.max_tokens.value_or(enough_tokens(request.answers));
  const PictureText picture = [&](const Image& image) { return data_url(image, settings_); };
  ContentHash hash;
  for (const Json& body : requests_of(request, reading_, picture)) {
    job.bodies.push_back(body.dump());
    hash.update(job.bodies.back() + "\n");
  }
  if (reading_ == Reading::kTop20 && constraint_ != Constraint::kNone) {
    job.fallback = requests_of(request, Reading::kSchema, picture).front().dump();
  }
  job.key = hash.hex().substr(0, 32);
  return job;
}

PromptDescription HostedModel::describe(const ScoreRequest& request) const {
  for (std::size_t i = 0; i < request.answers.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (request.answers[i] == request.answers[j]) {
        throw Error::usage("task", "two classes have the answer '" + request.answers[i] + "'");
      }
    }
    if (text::trim(request.answers[i]).empty()) throw Error::usage("task", "an answer is empty");
  }
  const PictureText picture = [&](const Image& image) { return elided_url(image, settings_); };
  if (reading_ == Reading::kGrammar) {
    const auto found = find_tokens(
        messages_of(request.prompt, request.images, "", settings_, picture), request.answers);
    if (!found) {
      throw Error::usage(spec_.text, found.error().what(), "another read= does without its tokens");
    }
  }
  PromptDescription description;
  description.text = requests_of(request, reading_, picture).front().dump(2);
  for (const std::string& answer : request.answers) description.answers.push_back({answer, {}});
  if (reading_ == Reading::kGrammar) {
    const std::vector<LabelTokens>& tokens = tokens_.at(request.answers);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      description.answers[i].token_ids = tokens[i].ids;
    }
  }
  description.estimated_tokens = guess_tokens(request.prompt, request.images, settings_.detail);
  return description;
}

Result<LabelScores> HostedModel::ask_labels(const Job& job, ServerAnswer& server) const {
  LabelScores scores;
  scores.kind = ScoreKind::kExact;
  const auto failed = [&](const Error& error) {
    server.problem = error.what();
    return LabelScores{ScoreKind::kExact, {}};
  };
  std::vector<PromptTail> prompts;
  for (std::size_t i = 0; i < job.bodies.size(); ++i) {
    // What the first labels have cost is not thrown away: an interrupt lets the others follow.
    Result<Json> answer = ask(job.bodies[i], job, server, i > 0);
    if (!answer) return answer.error();
    if (reading_ == Reading::kForced) {
      prompts.push_back(prompt_tail(answer.value()));
      continue;
    }
    Result<AnswerScore> score =
        score_from_grammar(answer.value(), job.labels[i], tokens_.at(job.labels)[i]);
    if (!score) return failed(score.error());
    scores.answers.push_back(std::move(score).value());
  }
  if (reading_ == Reading::kForced) {
    Result<std::vector<AnswerScore>> found = scores_from_prompts(prompts, job.labels);
    if (!found) return failed(found.error());
    scores.answers = std::move(found).value();
  }
  return scores;
}

Result<LabelScores> HostedModel::ask_freely(const Job& job, ServerAnswer& server) const {
  Result<Json> answer = ask(job.bodies.front(), job, server);
  if (!answer) return answer.error();
  const std::string content = content_of(answer.value());
  server.text = one_line(content, kTextBytes);
  const auto label_in = [&](const std::string& text) {
    const auto label = match_json(text, job.labels);
    return label ? label : match_label(text, job.labels);
  };
  if (reading_ == Reading::kTop20) {
    const std::vector<Position> positions = positions_of(answer.value());
    if (match_label(content, job.labels) && !positions.empty()) {
      const Readout readout = read_positions(positions, job.labels);
      server.outside = readout.outside;
      LabelScores scores;
      scores.kind = ScoreKind::kTop20;
      for (const double logprob : readout.logprobs) scores.answers.push_back({{}, {logprob}});
      return scores;
    }
    if (job.fallback.empty()) {
      server.problem = no_label(answer.value());
      return LabelScores{ScoreKind::kTop20, {}};
    }
    answer = ask(job.fallback, job, server);
    if (!answer) return answer.error();
    const std::string held = content_of(answer.value());
    server.text = one_line(held, kTextBytes);
    if (const auto label = label_in(held)) {
      return one_label(ScoreKind::kSchema, *label, job.labels.size());
    }
    server.problem = no_label(answer.value());
    return LabelScores{ScoreKind::kSchema, {}};
  }
  const ScoreKind kind = kind_of(reading_);
  const auto label =
      reading_ == Reading::kSchema ? label_in(content) : match_label(content, job.labels);
  if (label) return one_label(kind, *label, job.labels.size());
  server.problem = no_label(answer.value());
  return LabelScores{kind, {}};
}

Result<LabelScores> HostedModel::run(const Job& job) const {
  Session& session = *options_.session;
  if (const auto kept = session.find(job.key)) {
    if (auto scores = scores_from_json(*kept, job.labels.size())) return *std::move(scores);
  }
  ServerAnswer server;
  server.request = job.key;
  const bool forced = reading_ == Reading::kForced || reading_ == Reading::kGrammar;
  Result<LabelScores> result = forced ? ask_labels(job, server) : ask_freely(job, server);
  LabelScores scores;
  if (result) {
    scores = std::move(result).value();
  } else {
    // What a sample used before one of its requests failed is a part of the bill.
    const bool paid = server.prompt_tokens + server.completion_tokens > 0;
    if (!paid || result.error().kind() == ErrorKind::kStopped) return result;
    scores.kind = kind_of(reading_);
    server.problem = result.error().what();
  }
  scores.server = std::move(server);
  session.keep(job.key, to_json(scores), scores.server->cost_usd.value_or(0.0));
  return scores;
}

std::vector<Result<LabelScores>> HostedModel::score(std::span<const ScoreRequest> requests) const {
  std::vector<Result<LabelScores>> results(requests.size(),
                                           Error::stopped(spec_.text, "interrupted"));
  if (reading_ == Reading::kGrammar) {
    const PictureText none = [&](const Image& image) { return elided_url(image, settings_); };
    for (const ScoreRequest& request : requests) {
      const auto found = find_tokens(
          messages_of(request.prompt, request.images, "", settings_, none), request.answers);
      if (!found) return {requests.size(), found.error()};
    }
  }
  std::vector<Job> jobs;
  std::map<std::string, std::vector<std::size_t>> places;  // by key: samples that share an answer
  for (std::size_t i = 0; i < requests.size(); ++i) {
    try {
      Job job = job_of(requests[i]);
      const auto known = std::find_if(recent_.begin(), recent_.end(),
                                      [&](const auto& item) { return item.first == job.key; });
      if (known != recent_.end()) {
        results[i] = known->second;
        continue;
      }
      auto& place = places[job.key];
      place.push_back(i);
      if (place.size() == 1) jobs.push_back(std::move(job));
    } catch (const Error& e) {
      results[i] = e;
    }
  }

  std::vector<Result<LabelScores>> answers(jobs.size(), Error::stopped(spec_.text, "interrupted"));
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> ended = false;
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    for (std::size_t i = next++; i < jobs.size() && !ended; i = next++) {
      try {
        answers[i] = run(jobs[i]);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        ended = true;
      }
    }
  };
  const std::size_t wanted = static_cast<std::size_t>(std::max(options_.concurrency, 1));
  std::vector<std::thread> threads;
  for (std::size_t t = 1; t < std::min(wanted, jobs.size()); ++t) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);

  for (std::size_t j = 0; j < jobs.size(); ++j) {
    const std::string& key = jobs[j].key;
    for (const std::size_t i : places.at(key)) results[i] = answers[j];
    if (answers[j]) recent_.emplace_front(key, answers[j].value());
  }
  if (recent_.size() > kRecent) recent_.resize(kRecent);
  return results;
}

Result<Generated> HostedModel::generate(const GenerateRequest& request) const {
  if (!request.start.empty()) {
    return Error::usage(capabilities().name, "goes on from no answer that is given to it");
  }
  try {
    const PictureText picture = [&](const Image& image) { return data_url(image, settings_); };
    const Json body =
        base_request(messages_of(request.prompt, request.images, "", settings_, picture), settings_,
                     request.max_tokens);
    Job job;
    job.tokens = guess_tokens(request.prompt, request.images, settings_.detail);
    job.max_tokens = settings_.max_tokens.value_or(request.max_tokens);
    ServerAnswer server;
    Result<Json> answer = ask(body.dump(), job, server);
    if (!answer) return answer.error();
    Generated out;
    out.text = content_of(answer.value());
    return out;
  } catch (const Error& e) {
    return e;
  }
}

}  // namespace firstlight::hosted
