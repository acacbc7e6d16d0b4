#include "firstlight/nn/chat_template.h"

#include <algorithm>

#include "firstlight/base/error.h"
#include "jinja/interpreter.h"
#include "jinja/parser.h"
#include "tokenizer/utf8.h"

namespace firstlight::nn {

struct ChatTemplate::Impl {
  std::string source;
  std::string origin;
  Block block;
};

namespace {

constexpr std::size_t kMaxTemplateBytes = std::size_t{1} << 20;

Error translated(const std::string& origin, const TemplateFailure& failure) {
  const std::string where = failure.line > 0 ? origin + ":" + std::to_string(failure.line) : origin;
  return Error::input(where, "chat template: " + failure.message);
}

Value dict(std::initializer_list<std::pair<const char*, Value>> entries) {
  auto result = std::make_shared<DictValue>();
  for (const auto& [key, value] : entries) result->set(Value(key), value);
  return Value(std::move(result));
}

Value content_list(const ChatMessage& message) {
  std::vector<Value> parts;
  for (const PromptPart& part : message.content) {
    if (part.kind == PromptPart::Kind::kImage) {
      parts.push_back(dict({{"type", Value("image")}}));
    } else {
      parts.push_back(dict({{"type", Value("text")}, {"text", Value(to_valid_utf8(part.text))}}));
    }
  }
  return Value::list(std::move(parts));
}

Value content_text(const ChatMessage& message, const std::string& origin) {
  std::string text;
  for (const PromptPart& part : message.content) {
    if (part.kind == PromptPart::Kind::kImage) {
      throw Error::usage(origin, "this chat template takes texts only, the prompt has an image",
                         "write the conversation as a literal chat form in the task");
    }
    text += part.text;
  }
  return Value(to_valid_utf8(text));
}

std::tm local_now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm result{};
  localtime_r(&seconds, &result);
  return result;
}

}  // namespace

ChatTemplate ChatTemplate::parse(std::string source, const std::string& origin) {
  if (source.size() > kMaxTemplateBytes) {
    throw Error::input(origin, "chat template larger than 1 MiB");
  }
  auto impl = std::make_shared<Impl>();
  impl->source = std::move(source);
  impl->origin = origin;
  try {
    impl->block = parse_template(to_valid_utf8(impl->source));
  } catch (const TemplateFailure& failure) {
    throw translated(origin, failure);
  }
  return ChatTemplate(std::move(impl));
}

std::string ChatTemplate::render(std::span<const ChatMessage> messages, bool add_generation_prompt,
                                 const std::map<std::string, std::string>& special_tokens,
                                 const ChatOptions& options) const {
  if (messages.empty()) throw Error::usage(impl_->origin, "the conversation has no message");
  std::vector<Value> chat;
  for (const ChatMessage& message : messages) {
    const Value content =
        options.content_as_list ? content_list(message) : content_text(message, impl_->origin);
    chat.push_back(dict({{"role", Value(to_valid_utf8(message.role))}, {"content", content}}));
  }
  std::vector<std::pair<std::string, Value>> variables = {
      {"messages", Value::list(std::move(chat))},
      {"tools", Value()},
      {"documents", Value()},
      {"add_generation_prompt", Value(add_generation_prompt)}};
  for (const auto& [name, token] : special_tokens)
    variables.emplace_back(name, Value(to_valid_utf8(token)));
  try {
    Interpreter interpreter(options.date ? *options.date : local_now());
    return interpreter.run(impl_->block, variables);
  } catch (const TemplateFailure& failure) {
    throw translated(impl_->origin, failure);
  }
}

bool ChatTemplate::takes_content_list() const {
  const std::string mark = "firstlight-marked-text";
  const ChatMessage message{"user", {PromptPart{PromptPart::Kind::kText, mark}}};
  const auto shown = [&](bool as_list) -> std::string {
    ChatOptions options;
    options.content_as_list = as_list;
    try {
      return render({&message, 1}, true, {{"bos_token", ""}, {"eos_token", ""}}, options);
    } catch (const Error&) {
      return {};
    }
  };
  const std::string from_list = shown(true);
  // A list that was not taken apart is printed as Python or JSON would.
  const bool printed_whole = from_list.find("'type'") != std::string::npos ||
                             from_list.find("\"type\"") != std::string::npos;
  if (from_list.find(mark) != std::string::npos && !printed_whole) return true;
  return shown(false).find(mark) == std::string::npos;
}

const std::string& ChatTemplate::source() const { return impl_->source; }

}  // namespace firstlight::nn
