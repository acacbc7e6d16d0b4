#include "chat_request.h"

#include <algorithm>
#include <cmath>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/image/codec.h"

namespace firstlight::serve {
namespace {

constexpr std::size_t kMaxText = std::size_t{1} << 20;
constexpr std::size_t kMaxChoices = 1000;
constexpr int kMaxTop = 20;

/// Fields that may stand in a request: those that are read, and those without an effect here.
const std::vector<std::string> kKnown = {
    "model", "messages", "max_tokens", "max_completion_tokens", "temperature", "seed", "logprobs",
    "top_logprobs", "stream", "n", "response_format", "guided_choice", "structured_outputs",
    "grammar", "prompt_logprobs", "add_generation_prompt", "continue_final_message",
    // About the caller or about sampling, which greedy answers have none of.
    "user", "metadata", "store", "service_tier", "top_p", "safety_identifier", "prompt_cache_key",
    "stream_options"};

BadRequest bad(const std::string& field, const std::string& what) {
  return BadRequest(400, field + ": " + what, field);
}

const Json* find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_of(const Json& value, const std::string& field) {
  if (!value.is_string()) throw bad(field, "must be a text");
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() > kMaxText) throw bad(field, "is too long");
  return text;
}

int integer_of(const Json& value, const std::string& field, int low, int high) {
  if (!value.is_number_integer() || value < low || value > high) {
    throw bad(field,
              "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return value.get<int>();
}

bool flag_of(const Json& request, const char* key) {
  const Json* value = find(request, key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) throw bad(key, "must be true or false");
  return value->get<bool>();
}

Image to_colour(Image image) {
  if (image.channels == 3) return image;
  Image out{image.width, image.height, 3, {}};
  out.pixels.reserve(image.pixels.size() * 3);
  for (const std::uint8_t level : image.pixels) out.pixels.insert(out.pixels.end(), 3, level);
  return out;
}

Image picture_of(const Json& part, const std::string& field, const PixelLimits& limits) {
  const Json* holder = find(part, "image_url");
  const Json* url = holder != nullptr && holder->is_object() ? find(*holder, "url") : nullptr;
  if (url == nullptr || !url->is_string()) throw bad(field, "needs image_url.url");
  const auto& address = url->get_ref<const std::string&>();
  const std::size_t comma = address.find(";base64,");
  // This server opens no address on behalf of a client.
  if (address.rfind("data:image/", 0) != 0 || comma == std::string::npos || comma > 40) {
    throw bad(field, "only pictures as data:image/...;base64, are taken");
  }
  const auto bytes = text::base64_decode(std::string_view(address).substr(comma + 8));
  if (!bytes) throw bad(field, "is no base64");
  Result<Pixels> pixels = decode_image(*bytes, field, limits);
  if (!pixels) throw BadRequest(400, pixels.error().what(), field);
  if (!std::holds_alternative<Image>(pixels.value())) {
    throw bad(field, "only 8-bit pictures are taken");
  }
  return to_colour(std::get<Image>(std::move(pixels).value()));
}

void read_user(const Json& content, const std::string& field, const ChatLimits& limits,
               ChatRequest& out) {
  if (content.is_string()) {
    out.prompt.user.push_back({PromptPart::Kind::kText, text_of(content, field)});
    return;
  }
  if (!content.is_array() || content.empty()) throw bad(field, "must be a text or a list of parts");
  std::size_t number = 0;
  for (const Json& part : content) {
    const std::string place = field + "[" + std::to_string(number++) + "]";
    const Json* type = part.is_object() ? find(part, "type") : nullptr;
    if (type != nullptr && *type == "text" && find(part, "text") != nullptr) {
      out.prompt.user.push_back({PromptPart::Kind::kText, text_of(part["text"], place)});
    } else if (type != nullptr && *type == "image_url") {
      if (static_cast<int>(out.pictures.size()) == limits.max_images) {
        throw bad(place, "this model takes " + std::to_string(limits.max_images) + " pictures");
      }
      out.pictures.push_back(picture_of(part, place, limits.pixels));
      out.prompt.user.push_back(
          {PromptPart::Kind::kImage, "image" + std::to_string(out.pictures.size())});
    } else {
      throw bad(place, "must be a part of type text or image_url");
    }
  }
}

/// A text, or parts of text only.
std::string plain_text(const Json& content, const std::string& field) {
  if (content.is_string()) return text_of(content, field);
  std::string out;
  if (!content.is_array()) throw bad(field, "must be a text");
  for (const Json& part : content) {
    const Json* text = part.is_object() ? find(part, "text") : nullptr;
    if (text == nullptr) throw bad(field, "must be a text");
    out += text_of(*text, field);
  }
  return out;
}

void read_messages(const Json& messages, const ChatLimits& limits, ChatRequest& out) {
  if (!messages.is_array() || messages.empty()) throw bad("messages", "must be a list of messages");
  bool user = false;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::string place = "messages[" + std::to_string(i) + "]";
    const Json& message = messages[i];
    const Json* role = message.is_object() ? find(message, "role") : nullptr;
    const Json* content = message.is_object() ? find(message, "content") : nullptr;
    if (role == nullptr || !role->is_string() || content == nullptr) {
      throw bad(place, "needs role and content");
    }
    const auto& name = role->get_ref<const std::string&>();
    if ((name == "system" || name == "developer") && i == 0) {
      out.prompt.system = plain_text(*content, place);
    } else if (name == "user" && !user) {
      user = true;
      read_user(*content, place + ".content", limits, out);
    } else if (name == "assistant" && user && i + 1 == messages.size()) {
      out.answer = plain_text(*content, place);
    } else {
      throw bad(place,
                "this server takes one user message, a system message before it, and an "
                "assistant message behind it");
    }
  }
  if (!user) throw bad("messages", "need one of the user");
}

std::vector<std::string> texts_of(const Json& list, const std::string& field) {
  if (!list.is_array() || list.empty() || list.size() > kMaxChoices) {
    throw bad(field, "must be a list of texts");
  }
  std::vector<std::string> texts;
  for (const Json& item : list) texts.push_back(text_of(item, field));
  return texts;
}

/// {"type": "object", "properties": {KEY: {"enum": [...]}}}: the one form of schema that scores
/// can be given for.
void read_schema(const Json& format, ChatRequest& out) {
  const std::string field = "response_format";
  const Json* type = format.is_object() ? find(format, "type") : nullptr;
  if (type != nullptr && *type == "text") return;
  const Json* holder =
      type != nullptr && *type == "json_schema" ? find(format, "json_schema") : nullptr;
  const Json* schema = holder != nullptr && holder->is_object() ? find(*holder, "schema") : nullptr;
  const Json* properties =
      schema != nullptr && schema->is_object() ? find(*schema, "properties") : nullptr;
  if (properties == nullptr || !properties->is_object() || properties->size() != 1) {
    throw bad(field, "only a json_schema of an object with one property is offered");
  }
  const Json& property = properties->begin().value();
  const Json* values = property.is_object() ? find(property, "enum") : nullptr;
  if (values == nullptr) throw bad(field, "the property must have an enum of texts");
  out.choices = texts_of(*values, field);
  out.choice_key = properties->begin().key();
}

void read_constraint(const Json& request, ChatRequest& out) {
  int constraints = 0;
  if (const Json* format = find(request, "response_format")) {
    read_schema(*format, out);
    constraints += out.choices.empty() ? 0 : 1;
  }
  if (const Json* list = find(request, "guided_choice")) {
    out.choices = texts_of(*list, "guided_choice");
    ++constraints;
  }
  if (const Json* outputs = find(request, "structured_outputs")) {
    const Json* list = outputs->is_object() ? find(*outputs, "choice") : nullptr;
    if (list == nullptr) throw bad("structured_outputs", "only choice is offered");
    out.choices = texts_of(*list, "structured_outputs");
    ++constraints;
  }
  if (const Json* grammar = find(request, "grammar")) {
    out.choices = choices_of_grammar(text_of(*grammar, "grammar"));
    ++constraints;
  }
  if (constraints > 1) throw bad("response_format", "answers can be held to one list only");
}

}  // namespace

std::vector<std::string> choices_of_grammar(std::string_view grammar) {
  const auto refuse = [] { return bad("grammar", "only root ::= \"a\" | \"b\" | ... is offered"); };
  const auto skip = [&] {
    while (!grammar.empty() && (grammar.front() == ' ' || grammar.front() == '\n')) {
      grammar.remove_prefix(1);
    }
  };
  const auto take = [&](std::string_view word) {
    skip();
    if (grammar.substr(0, word.size()) != word) return false;
    grammar.remove_prefix(word.size());
    return true;
  };
  std::vector<std::string> choices;
  if (!take("root") || !take("::=")) throw refuse();
  do {
    if (!take("\"")) throw refuse();
    std::string choice;
    for (;;) {
      if (grammar.empty()) throw refuse();
      char c = grammar.front();
      grammar.remove_prefix(1);
      if (c == '"') break;
      if (c == '\\') {
        if (grammar.empty()) throw refuse();
        c = grammar.front() == 'n' ? '\n' : grammar.front();
        if (c != '\n' && c != '"' && c != '\\') throw refuse();
        grammar.remove_prefix(1);
      }
      choice += c;
    }
    choices.push_back(std::move(choice));
  } while (take("|"));
  skip();
  if (!grammar.empty() || choices.size() > kMaxChoices) throw refuse();
  return choices;
}

ScoreRequest ChatRequest::score_request(std::vector<std::string> answers) const {
  ScoreRequest request;
  request.prompt = prompt;
  for (const Image& picture : pictures) request.images.push_back(&picture);
  request.answers = std::move(answers);
  return request;
}

ChatRequest parse_chat_request(std::string_view body, const ChatLimits& limits) {
  const Json request = Json::parse(body, nullptr, false);
  if (!request.is_object()) throw BadRequest(400, "the body is no JSON object");
  for (const auto& [key, value] : request.items()) {
    if (std::find(kKnown.begin(), kKnown.end(), key) == kKnown.end() && !value.is_null()) {
      throw bad(key.substr(0, 100), "this server does not offer this field");
    }
  }
  ChatRequest out;
  const Json* model = find(request, "model");
  if (model == nullptr || !model->is_string()) throw bad("model", "must name a model");
  if (*model != limits.model) {
    throw BadRequest(404, "model: this server has '" + limits.model + "' only", "model");
  }
  const Json* messages = find(request, "messages");
  if (messages == nullptr) throw bad("messages", "are missing");
  read_messages(*messages, limits, out);
  out.max_tokens = limits.max_tokens;
  for (const char* key : {"max_tokens", "max_completion_tokens"}) {
    if (const Json* value = find(request, key)) {
      out.max_tokens = std::min(limits.max_tokens, integer_of(*value, key, 1, 1'000'000'000));
    }
  }
  if (const Json* temperature = find(request, "temperature")) {
    if (!temperature->is_number() || *temperature != 0) {
      throw bad("temperature", "answers are greedy: leave it out, or set it to 0");
    }
  }
  if (const Json* n = find(request, "n")) integer_of(*n, "n", 1, 1);
  out.logprobs = flag_of(request, "logprobs");
  if (const Json* top = find(request, "top_logprobs")) {
    out.top_logprobs = integer_of(*top, "top_logprobs", 0, kMaxTop);
    if (out.top_logprobs > 0 && !out.logprobs) throw bad("top_logprobs", "needs logprobs");
  }
  out.stream = flag_of(request, "stream");
  read_constraint(request, out);
  const bool scored = find(request, "prompt_logprobs") != nullptr;
  if (scored) integer_of(request["prompt_logprobs"], "prompt_logprobs", 0, 0);
  if (scored != out.answer.has_value()) {
    throw bad("messages",
              "an assistant message at the end is for prompt_logprobs: 0, which gives "
              "its scores");
  }
  if (flag_of(request, "continue_final_message")) {
    throw bad("continue_final_message", "is not offered");
  }
  if (scored && (find(request, "add_generation_prompt") == nullptr ||
                 flag_of(request, "add_generation_prompt"))) {
    throw bad("add_generation_prompt", "must be false with prompt_logprobs");
  }
  return out;
}

}  // namespace firstlight::serve
