#include "chat_request.h"

#include <gtest/gtest.h>

#include "firstlight/base/text.h"
#include "firstlight/image/codec.h"

namespace firstlight::serve {
namespace {

ChatLimits limits() { return {"m", 100, 1, {100, 50}}; }

std::string picture_url(int width, int height, int channels = 3) {
  Image image{width, height, channels, {}};
  image.pixels.assign(static_cast<std::size_t>(width * height * channels), 7);
  return "data:image/png;base64," + text::base64(encode_png(image));
}

Json request() {
  return {{"model", "m"},
          {"messages",
           {{{"role", "system"}, {"content", "Be brief."}},
            {{"role", "user"},
             {"content",
              {{{"type", "image_url"}, {"image_url", {{"url", picture_url(4, 3, 1)}}}},
               {{"type", "text"}, {"text", "Which?"}}}}}}}};
}

int status_of(const Json& json) {
  try {
    parse_chat_request(json.dump(), limits());
  } catch (const BadRequest& e) {
    return e.status();
  }
  return 200;
}

TEST(ChatRequest, ReadsTextAndPictures) {
  const ChatRequest chat = parse_chat_request(request().dump(), limits());
  EXPECT_EQ(chat.prompt.system, "Be brief.");
  ASSERT_EQ(chat.prompt.user.size(), 2u);
  EXPECT_EQ(chat.prompt.user[0].kind, PromptPart::Kind::kImage);
  EXPECT_EQ(chat.prompt.user[1].text, "Which?");
  ASSERT_EQ(chat.pictures.size(), 1u);
  EXPECT_EQ(chat.pictures[0].channels, 3);
  EXPECT_EQ(chat.pictures[0].pixels, std::vector<std::uint8_t>(36, 7));
  EXPECT_EQ(chat.max_tokens, 100);
}

TEST(ChatRequest, LimitsAreKept) {
  Json large = request();
  large["messages"][1]["content"][0]["image_url"]["url"] = picture_url(20, 20);
  EXPECT_EQ(status_of(large), 400) << "400 pixels of 100";
  Json two = request();
  two["messages"][1]["content"].push_back(two["messages"][1]["content"][0]);
  EXPECT_EQ(status_of(two), 400) << "two pictures of one";
  Json tokens = request();
  tokens["max_tokens"] = 1'000'000;
  EXPECT_EQ(parse_chat_request(tokens.dump(), limits()).max_tokens, 100);
}

TEST(ChatRequest, NoAddressIsOpenedForAClient) {
  for (const char* url : {"http://169.254.169.254/", "file:///etc/passwd", "https://host/x.png",
                          "data:text/html;base64,eA==", "data:image/png,plain",
                          "data:image/png;base64,!!!!", "data:image/png;base64,eA=="}) {
    Json json = request();
    json["messages"][1]["content"][0]["image_url"]["url"] = url;
    EXPECT_EQ(status_of(json), 400) << url;
  }
}

TEST(ChatRequest, WhatWouldChangeTheAnswerIsRefused) {
  const std::pair<const char*, Json> fields[] = {
      {"temperature", 0.7},       {"n", 2},
      {"tools", Json::array()},   {"stop", "x"},
      {"logit_bias", {{"1", 5}}}, {"top_logprobs", 5},
      {"max_tokens", 0},          {"seeds", 1},
      {"prompt_logprobs", 0},     {"response_format", {{"type", "json_object"}}}};
  for (const auto& [name, value] : fields) {
    Json json = request();
    json[name] = value;
    EXPECT_EQ(status_of(json), 400) << name;
  }
  Json zero = request();
  zero["temperature"] = 0.0;
  zero["seed"] = 3;
  zero["stop"] = nullptr;
  EXPECT_EQ(status_of(zero), 200);
  Json other = request();
  other["model"] = "gpt-4o";
  EXPECT_EQ(status_of(other), 404);
}

TEST(ChatRequest, MalformedBodies) {
  for (const char* body :
       {"", "[]", "{", "null", "{\"model\": \"m\"}", R"({"model": "m", "messages": []})",
        R"({"model": "m", "messages": [1]})", R"({"model": "m", "messages": [{"role": "user"}]})",
        R"({"model": "m", "messages": [{"role": "user", "content": 5}]})",
        R"({"model": "m", "messages": [{"role": "system", "content": "x"}]})",
        R"({"model": 1, "messages": [{"role": "user", "content": "x"}]})"}) {
    EXPECT_THROW(parse_chat_request(body, limits()), BadRequest) << body;
  }
}

TEST(ChatRequest, EveryFormOfChoice) {
  Json json = request();
  json["response_format"] = {
      {"type", "json_schema"},
      {"json_schema",
       {{"name", "x"},
        {"schema", {{"type", "object"}, {"properties", {{"label", {{"enum", {"a", "b"}}}}}}}}}}};
  ChatRequest chat = parse_chat_request(json.dump(), limits());
  EXPECT_EQ(chat.choices, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(chat.choice_key, "label");
  json["guided_choice"] = {"a"};
  EXPECT_EQ(status_of(json), 400) << "two lists";
  json.erase("response_format");
  EXPECT_EQ(parse_chat_request(json.dump(), limits()).choices, std::vector<std::string>{"a"});
  json.erase("guided_choice");
  json["structured_outputs"] = {{"choice", {"c", "d"}}};
  EXPECT_EQ(parse_chat_request(json.dump(), limits()).choices.back(), "d");
}

TEST(ChatRequest, GrammarsOfLiteralsOnly) {
  EXPECT_EQ(choices_of_grammar("root ::= \"a \\\"b\\\"\" | \"c\\\\d\""),
            (std::vector<std::string>{"a \"b\"", "c\\d"}));
  for (const char* grammar :
       {"", "root ::= ", "root ::= \"a", "root ::= \"a\" \"b\"", "root ::= [a-z]+",
        "root ::= \"a\" |", "root ::= \"\\x41\"", "rot ::= \"a\""}) {
    EXPECT_THROW(choices_of_grammar(grammar), BadRequest) << grammar;
  }
}

TEST(ChatRequest, AnAnswerToScore) {
  Json json = request();
  json["messages"].push_back({{"role", "assistant"}, {"content", "a"}});
  EXPECT_EQ(status_of(json), 400);
  json["prompt_logprobs"] = 0;
  EXPECT_EQ(status_of(json), 400) << "the turn would be left open";
  json["add_generation_prompt"] = false;
  EXPECT_EQ(parse_chat_request(json.dump(), limits()).answer, "a");
}

}  // namespace
}  // namespace firstlight::serve
