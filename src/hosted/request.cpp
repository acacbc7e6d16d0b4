#include "request.h"

#include <algorithm>
#include <cmath>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/image/codec.h"

namespace firstlight::hosted {
namespace {

constexpr int kTopLogprobs = 20;
constexpr double kBytesPerToken = 4.0;
constexpr const char* kOldLimit = "max_tokens";
constexpr const char* kNewLimit = "max_completion_tokens";

std::string encode(const Image& image, const RequestSettings& settings) {
  return settings.jpeg ? encode_jpeg(image, settings.quality) : encode_png(image);
}

std::string media_type(const RequestSettings& settings) {
  return settings.jpeg ? "image/jpeg" : "image/png";
}

/// A label as a GBNF string: printable ASCII as it is, other bytes of UTF-8 too.
std::string gbnf_string(const std::string& label) {
  std::string out = "\"";
  for (const char c : label) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string grammar_for(const std::vector<std::string>& labels) {
  std::vector<std::string> strings;
  for (const std::string& label : labels) strings.push_back(gbnf_string(label));
  return "root ::= " + text::join(strings, " | ");
}

/// Tokens of a picture in gpt-4o at high detail: it is fitted into 2,048 x 2,048, its shorter side
/// is brought down to 768, and each tile of 512 x 512 counts.
double high_detail_tokens(const Image& image) {
  double width = std::max(image.width, 1);
  double height = std::max(image.height, 1);
  const double fit = std::min(1.0, 2048.0 / std::max(width, height));
  const double shorter = std::min(1.0, 768.0 / (std::min(width, height) * fit));
  width *= fit * shorter;
  height *= fit * shorter;
  return 85.0 + 170.0 * std::ceil(width / 512.0) * std::ceil(height / 512.0);
}

}  // namespace

std::string data_url(const Image& image, const RequestSettings& settings) {
  return "data:" + media_type(settings) + ";base64," + text::base64(encode(image, settings));
}

std::string elided_url(const Image& image, const RequestSettings& settings) {
  return "data:" + media_type(settings) + ";base64,... (" + std::to_string(image.width) + " x " +
         std::to_string(image.height) + " pixels)";
}

Json messages_of(const RenderedPrompt& prompt, const std::vector<const Image*>& images,
                 const std::string& instruction, const RequestSettings& settings,
                 const PictureText& picture) {
  if (!prompt.literal.empty()) {
    throw Error::usage("task", "has a literal chat form, which a chat server cannot take",
                       "use a task with 'chat: model'");
  }
  Json messages = Json::array();
  if (!prompt.system.empty()) {
    messages.push_back({{"role", "system"}, {"content", prompt.system}});
  }
  Json parts = Json::array();
  std::size_t next = 0;
  for (const PromptPart& part : prompt.user) {
    if (part.kind == PromptPart::Kind::kText) {
      parts.push_back({{"type", "text"}, {"text", part.text}});
      continue;
    }
    if (next == images.size()) throw Error::usage("prompt", "has more places than pictures");
    Json url = {{"url", picture(*images[next++])}};
    if (settings.detail != "auto") url["detail"] = settings.detail;
    parts.push_back({{"type", "image_url"}, {"image_url", std::move(url)}});
  }
  if (!instruction.empty()) {
    const bool behind_text = !parts.empty() && parts.back()["type"] == "text";
    if (behind_text) {
      parts.back()["text"] = parts.back()["text"].get<std::string>() + "\n\n" + instruction;
    } else {
      parts.push_back({{"type", "text"}, {"text", instruction}});
    }
  }
  messages.push_back({{"role", "user"}, {"content", std::move(parts)}});
  return messages;
}

std::string instruction_for(const std::vector<std::string>& labels) {
  std::vector<std::string> quoted;
  for (const std::string& label : labels) quoted.push_back("\"" + label + "\"");
  return "Answer with one of these and nothing else: " + text::join(quoted, ", ");
}

Json base_request(Json messages, const RequestSettings& settings, int max_tokens) {
  Json request;
  request["model"] = settings.model;
  request["messages"] = std::move(messages);
  request["temperature"] = 0;
  request["seed"] = settings.seed;
  request[settings.completion_limit_name ? kNewLimit : kOldLimit] =
      settings.max_tokens.value_or(max_tokens);
  if (settings.special_tokens) request["add_special_tokens"] = true;
  return request;
}

void ask_for_logprobs(Json& request) {
  request["logprobs"] = true;
  request["top_logprobs"] = kTopLogprobs;
}

void constrain(Json& request, Constraint constraint, const std::vector<std::string>& labels) {
  switch (constraint) {
    case Constraint::kNone:
      throw Error::internal("request", "a constraint of no kind");
    case Constraint::kJsonSchema: {
      Json schema = {{"type", "object"},
                     {"properties", {{"label", {{"type", "string"}, {"enum", labels}}}}},
                     {"required", Json::array({"label"})},
                     {"additionalProperties", false}};
      request["response_format"] = {
          {"type", "json_schema"},
          {"json_schema", {{"name", "label"}, {"strict", true}, {"schema", std::move(schema)}}}};
      return;
    }
    case Constraint::kStructuredOutputs:
      request["structured_outputs"] = {{"choice", labels}};
      return;
    case Constraint::kGuidedChoice:
      request["guided_choice"] = labels;
      return;
    case Constraint::kGrammar:
      request["grammar"] = grammar_for(labels);
      return;
  }
}

void force_tokens(Json& request, const LabelTokens& tokens) {
  std::string grammar = "root ::=";
  for (const std::int32_t id : tokens.ids) grammar += " <[" + std::to_string(id) + "]>";
  request["grammar"] = std::move(grammar);
  request["logprobs"] = true;
  request["top_logprobs"] = 1;
  // Of several tokens that may end an answer, the template's. A bias moves the choice, not the
  // log-probabilities that the server lists.
  constexpr double kSurely = 100.0;
  if (tokens.end) request["logit_bias"] = Json::array({Json::array({*tokens.end, kSurely})});
}

std::string field_to_leave_out(const Outcome& refusal) {
  if (refusal.status != 400 && refusal.status != 422) return {};
  const auto named = [&](const char* field) {
    return refusal.parameter.empty() ? refusal.problem.find(field) != std::string::npos
                                     : refusal.parameter == field;
  };
  for (const char* field : {"temperature", "seed"}) {
    if (named(field)) return field;
  }
  const bool newer = refusal.problem.find(kNewLimit) != std::string::npos;
  return named(kOldLimit) && newer ? kOldLimit : std::string();
}

std::string without_fields(const std::string& body, const std::set<std::string>& fields) {
  if (fields.empty()) return body;
  Json request = Json::parse(body);
  for (const std::string& field : fields) {
    const auto found = request.find(field);
    if (found == request.end()) continue;
    const Json value = *found;
    request.erase(field);
    if (field == kOldLimit) request[kNewLimit] = value;
  }
  return request.dump();
}

int enough_tokens(const std::vector<std::string>& labels) {
  std::size_t longest = 0;
  for (const std::string& label : labels) longest = std::max(longest, label.size());
  // {"label": "..."} and the end.
  constexpr std::size_t kAround = 16;
  return static_cast<int>(std::min<std::size_t>(longest + kAround, 256));
}

double guess_tokens(const RenderedPrompt& prompt, const std::vector<const Image*>& images,
                    const std::string& detail) {
  std::size_t bytes = prompt.system.size();
  for (const PromptPart& part : prompt.user) {
    if (part.kind == PromptPart::Kind::kText) bytes += part.text.size();
  }
  double tokens = static_cast<double>(bytes) / kBytesPerToken;
  for (const Image* image : images) {
    tokens += detail == "low" ? 85.0 : high_detail_tokens(*image);
  }
  return tokens;
}

}  // namespace firstlight::hosted
