// What transformers renders, text by text; the fixtures are made by make_fixtures.py.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/nn/chat_template.h"

namespace firstlight::nn {
namespace {

using Json = nlohmann::json;

const std::string kFolder = FIRSTLIGHT_TEST_DIR "/parity/chat_template/";

std::vector<ChatMessage> messages_of(const Json& conversation) {
  std::vector<ChatMessage> messages;
  for (const Json& entry : conversation) {
    ChatMessage message{entry["role"], {}};
    for (const Json& part : entry["content"]) {
      if (part["type"] == "image") {
        message.content.push_back({PromptPart::Kind::kImage, "image"});
      } else {
        message.content.push_back({PromptPart::Kind::kText, part["text"]});
      }
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

/// The rendered text, or nothing where parsing or rendering fails with an error of its own kind.
std::optional<std::string> render(const std::string& source, const Json& conversation, bool prompt,
                                  const Json& tokens, bool as_list, std::string& error) {
  ChatOptions options;
  options.content_as_list = as_list;
  try {
    return ChatTemplate::parse(source, "template")
        .render(messages_of(conversation), prompt, tokens, options);
  } catch (const Error& e) {
    error = e.what();
    return std::nullopt;
  }
}

void expect_same(const Json& expected, const std::optional<std::string>& got,
                 const std::string& error) {
  if (expected.is_null()) {
    EXPECT_FALSE(got.has_value()) << "rendered: " << *got;
  } else {
    ASSERT_TRUE(got.has_value()) << error;
    EXPECT_EQ(*got, expected.get<std::string>());
  }
}

TEST(ChatTemplateParity, TemplatesInTheStylesOfPublishedModels) {
  const Json fixture = Json::parse(text::read_file(kFolder + "cases.json"));
  ASSERT_GE(fixture["cases"].size(), 150U);
  for (const Json& c : fixture["cases"]) {
    const std::string name = c["template"];
    const std::string conversation = c["conversation"];
    SCOPED_TRACE(name + ", " + conversation + (c["list"].get<bool>() ? ", list" : ", text"));
    const std::string source = text::read_file(kFolder + "templates/" + name);
    std::string error;
    const auto got = render(source, fixture["conversations"][conversation], c["prompt"],
                            fixture["tokens"], c["list"], error);
    expect_same(c["expected"], got, error);
  }
}

TEST(ChatTemplateParity, PiecesOfTemplate) {
  const Json fixture = Json::parse(text::read_file(kFolder + "snippets.json"));
  ASSERT_GE(fixture["snippets"].size(), 100U);
  for (const Json& snippet : fixture["snippets"]) {
    const std::string source = snippet["source"];
    SCOPED_TRACE(source);
    std::string error;
    const auto got = render(source, fixture["messages"], true, fixture["tokens"], true, error);
    expect_same(snippet["expected"], got, error);
  }
}

}  // namespace
}  // namespace firstlight::nn
