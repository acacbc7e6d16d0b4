#include "chat_answer.h"

#include <algorithm>
#include <numeric>

#include "firstlight/base/error.h"

namespace firstlight::serve {
namespace {

Json token_json(const std::string& text, double logprob) {
  Json bytes = Json::array();
  for (const char c : text) bytes.push_back(static_cast<unsigned char>(c));
  return {{"token", text}, {"logprob", logprob}, {"bytes", std::move(bytes)}};
}

/// What the model says of its own requests is the client's fault; what fails inside is not.
template <typename T>
T take(Result<T> result) {
  if (result) return std::move(result).value();
  const Error& error = result.error();
  throw BadRequest(error.kind() == ErrorKind::kInternal ? 500 : 400, error.what());
}

PromptDescription describe(const VisionLanguageModel& model, const ScoreRequest& request) {
  try {
    return model.describe(request);
  } catch (const Error& e) {
    throw BadRequest(400, e.what());
  }
}

/// vLLM's list: null where nothing was computed, else {ID: {logprob, rank, decoded_token}}.
Json prompt_scores(const PromptDescription& described, const AnswerScore& score) {
  Json list = Json::array();
  for (std::size_t i = 0; i < described.token_ids.size(); ++i) list.push_back(nullptr);
  const PromptDescription::Answer& answer = described.answers.front();
  for (std::size_t i = 0; i < score.token_ids.size(); ++i) {
    list.push_back({{std::to_string(score.token_ids[i]),
                     {{"logprob", score.logprobs[i]}, {"decoded_token", answer.token_texts[i]}}}});
  }
  return list;
}

ChatAnswer score_answer(const VisionLanguageModel& model, const ChatRequest& request) {
  const ScoreRequest scored = request.score_request({*request.answer});
  const PromptDescription described = describe(model, scored);
  const LabelScores scores = take(std::move(model.score({&scored, 1}).front()));
  ChatAnswer answer;
  answer.prompt_logprobs = prompt_scores(described, scores.answers.front());
  answer.prompt_tokens = answer.prompt_logprobs.size();
  return answer;
}

/// The likeliest of the choices, whole labels compared.
ChatAnswer choose(const VisionLanguageModel& model, const ChatRequest& request) {
  const ScoreRequest scored = request.score_request(request.choices);
  const PromptDescription described = describe(model, scored);
  const LabelScores scores = take(std::move(model.score({&scored, 1}).front()));
  const auto sum = [](const AnswerScore& score) {
    return std::accumulate(score.logprobs.begin(), score.logprobs.end(), 0.0);
  };
  const auto best =
      std::max_element(scores.answers.begin(), scores.answers.end(),
                       [&](const AnswerScore& a, const AnswerScore& b) { return sum(a) < sum(b); });
  const auto place = static_cast<std::size_t>(best - scores.answers.begin());
  ChatAnswer answer;
  answer.content = request.choices[place];
  if (request.choice_key) {
    answer.content = Json{{*request.choice_key, request.choices[place]}}.dump();
  }
  answer.pieces = {answer.content};
  answer.prompt_tokens = described.token_ids.size();
  answer.completion_tokens = best->token_ids.size();
  if (request.logprobs) {
    Json content = Json::array();
    // The last token ends the answer and is no part of it.
    for (std::size_t i = 0; i + 1 < best->token_ids.size(); ++i) {
      Json token = token_json(described.answers[place].token_texts[i], best->logprobs[i]);
      token["top_logprobs"] = Json::array();
      content.push_back(std::move(token));
    }
    answer.logprobs = {{"content", std::move(content)}, {"refusal", nullptr}};
  }
  return answer;
}

ChatAnswer generate(const VisionLanguageModel& model, const ChatRequest& request) {
  GenerateRequest wanted;
  wanted.prompt = request.prompt;
  for (const Image& picture : request.pictures) wanted.images.push_back(&picture);
  wanted.max_tokens = request.max_tokens;
  // Texts of tokens come with their rivals; a stream needs them too.
  wanted.top_logprobs = request.logprobs || request.stream ? std::max(request.top_logprobs, 1) : 0;
  const PromptDescription described = describe(model, request.score_request({}));
  const Generated generated = take(model.generate(wanted));
  ChatAnswer answer;
  answer.content = generated.text;
  answer.ended = generated.ended;
  answer.prompt_tokens = described.token_ids.size();
  answer.completion_tokens = generated.token_ids.size();
  const std::size_t shown = generated.token_ids.size() - (generated.ended ? 1 : 0);
  if (request.stream) {
    answer.pieces.assign(generated.token_texts.begin(),
                         generated.token_texts.begin() + static_cast<std::ptrdiff_t>(shown));
  }
  if (!request.logprobs) return answer;
  Json content = Json::array();
  for (std::size_t i = 0; i < shown; ++i) {
    Json token = token_json(generated.token_texts[i], generated.logprobs[i]);
    token["top_logprobs"] = Json::array();
    for (int k = 0; k < request.top_logprobs; ++k) {
      const Generated::Token& rival = generated.top[i][static_cast<std::size_t>(k)];
      token["top_logprobs"].push_back(token_json(rival.text, rival.logprob));
    }
    content.push_back(std::move(token));
  }
  answer.logprobs = {{"content", std::move(content)}, {"refusal", nullptr}};
  return answer;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

ChatAnswer answer_chat(const VisionLanguageModel& model, const ChatRequest& request) {
  if (request.answer) return score_answer(model, request);
  if (!request.choices.empty()) return choose(model, request);
  return generate(model, request);
}

std::string completion_json(const ChatAnswer& answer, const ChatRequest& request,
                            const std::string& id, const std::string& model,
                            const std::string& fingerprint, std::int64_t created) {
  const char* reason = answer.ended ? "stop" : "length";
  const Json usage = {{"prompt_tokens", answer.prompt_tokens},
                      {"completion_tokens", answer.completion_tokens},
                      {"total_tokens", answer.prompt_tokens + answer.completion_tokens}};
  const auto head = [&](const char* object) {
    return Json{{"id", id},
                {"object", object},
                {"created", created},
                {"model", model},
                {"system_fingerprint", fingerprint}};
  };
  if (!request.stream) {
    Json json = head("chat.completion");
    json["choices"] = Json::array(
        {{{"index", 0},
          {"message", {{"role", "assistant"}, {"content", answer.content}, {"refusal", nullptr}}},
          {"logprobs", answer.logprobs},
          {"finish_reason", reason}}});
    json["usage"] = usage;
    if (!answer.prompt_logprobs.is_null()) json["prompt_logprobs"] = answer.prompt_logprobs;
    return dump(json);
  }
  std::string events;
  const auto send = [&](const Json& delta, const Json& finish) {
    Json json = head("chat.completion.chunk");
    json["choices"] = Json::array(
        {{{"index", 0}, {"delta", delta}, {"logprobs", nullptr}, {"finish_reason", finish}}});
    events += "data: " + dump(json) + "\n\n";
  };
  send({{"role", "assistant"}, {"content", ""}}, nullptr);
  for (const std::string& piece : answer.pieces) send({{"content", piece}}, nullptr);
  send(Json::object(), reason);
  return events + "data: [DONE]\n\n";
}

}  // namespace firstlight::serve
