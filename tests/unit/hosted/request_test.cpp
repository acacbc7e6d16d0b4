#include "request.h"

#include <gtest/gtest.h>

#include <variant>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/image/codec.h"

namespace firstlight::hosted {
namespace {

Image picture() {
  Image image{2, 1, 3, {10, 20, 30, 40, 50, 60}};
  return image;
}

RenderedPrompt prompt() {
  RenderedPrompt p;
  p.system = "You look at galaxies.";
  p.user = {{PromptPart::Kind::kImage, "image"}, {PromptPart::Kind::kText, "\nWhich?"}};
  return p;
}

TEST(Request, HoldsThePictureLosslessly) {
  const Image image = picture();
  const RequestSettings settings;
  const Json messages = messages_of(prompt(), {&image}, "Say a or b.", settings,
                                    [&](const Image& i) { return data_url(i, settings); });
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0]["role"], "system");
  const Json& parts = messages[1]["content"];
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[1]["text"], "\nWhich?\n\nSay a or b.");
  const auto url = parts[0]["image_url"]["url"].get<std::string>();
  const std::string head = "data:image/png;base64,";
  ASSERT_EQ(url.rfind(head, 0), 0u);
  const auto pixels = decode_image(text::base64_decode(url.substr(head.size())).value(), "test");
  EXPECT_EQ(std::get<Image>(pixels.value()).pixels, image.pixels);
  EXPECT_FALSE(parts[0]["image_url"].contains("detail"));
}

TEST(Request, JpegAndDetail) {
  const Image image = picture();
  RequestSettings settings;
  settings.jpeg = true;
  settings.detail = "low";
  const Json messages = messages_of(prompt(), {&image}, "", settings,
                                    [&](const Image& i) { return data_url(i, settings); });
  const Json& url = messages[1]["content"][0]["image_url"];
  EXPECT_EQ(url["detail"], "low");
  EXPECT_EQ(url["url"].get<std::string>().rfind("data:image/jpeg;base64,/9j", 0), 0u);
  EXPECT_EQ(elided_url(image, settings), "data:image/jpeg;base64,... (2 x 1 pixels)");
}

TEST(Request, ALiteralFormIsRefused) {
  RenderedPrompt p;
  p.literal = {{PromptPart::Kind::kText, "USER: "}};
  EXPECT_THROW(messages_of(p, {}, "", {}, {}), Error);
}

TEST(Request, ConstraintsNameEveryLabel) {
  const std::vector<std::string> labels = {"a \"quoted\" one", "b\\c"};
  Json request;
  constrain(request, Constraint::kJsonSchema, labels);
  EXPECT_EQ(request["response_format"]["json_schema"]["schema"]["properties"]["label"]["enum"],
            Json(labels));
  EXPECT_EQ(request["response_format"]["json_schema"]["strict"], true);
  constrain(request, Constraint::kGuidedChoice, labels);
  EXPECT_EQ(request["guided_choice"], Json(labels));
  constrain(request, Constraint::kStructuredOutputs, labels);
  EXPECT_EQ(request["structured_outputs"]["choice"], Json(labels));
  constrain(request, Constraint::kGrammar, labels);
  EXPECT_EQ(request["grammar"], "root ::= \"a \\\"quoted\\\" one\" | \"b\\\\c\"");
}

TEST(Request, ImageTokensAreThoseOfTheDocumentedRule) {
  RenderedPrompt p;
  const auto tokens = [&](int width, int height, const char* detail) {
    Image image;
    image.width = width;
    image.height = height;
    return guess_tokens(p, {&image}, detail);
  };
  // OpenAI's own examples.
  EXPECT_EQ(tokens(1024, 1024, "high"), 765);
  EXPECT_EQ(tokens(2048, 4096, "high"), 1105);
  EXPECT_EQ(tokens(4096, 8192, "low"), 85);
  EXPECT_EQ(tokens(64, 64, "high"), 255);
}

TEST(Request, FieldsThatAServerRefuses) {
  const auto refused = [](long status, const char* problem, const char* parameter) {
    Outcome outcome;
    outcome.kind = Outcome::Kind::kRefused;
    outcome.status = status;
    outcome.problem = problem;
    outcome.parameter = parameter;
    return field_to_leave_out(outcome);
  };
  EXPECT_EQ(refused(400, "Unsupported value: 'temperature' does not support 0", "temperature"),
            "temperature");
  EXPECT_EQ(refused(422, "seed: extra inputs are not permitted", ""), "seed");
  EXPECT_EQ(refused(400, "the prompt speaks of temperature", "messages"), "");
  EXPECT_EQ(refused(401, "temperature", "temperature"), "");
  EXPECT_EQ(
      refused(400, "'max_tokens' is not supported: use 'max_completion_tokens'", "max_tokens"),
      "max_tokens");
  EXPECT_EQ(refused(400, "max_tokens is too large", "max_tokens"), "");
}

TEST(Request, GoesWithoutRefusedFields) {
  const std::string body = R"({"model":"m","temperature":0,"seed":1,"max_tokens":5})";
  EXPECT_EQ(without_fields(body, {}), body);
  EXPECT_EQ(without_fields(body, {"temperature"}), R"({"model":"m","seed":1,"max_tokens":5})");
  EXPECT_EQ(without_fields(body, {"max_tokens", "seed"}),
            R"({"model":"m","temperature":0,"max_completion_tokens":5})");
}

TEST(Request, ForcesTokens) {
  Json request;
  force_tokens(request, {{7, 8}, 2});
  EXPECT_EQ(request["grammar"], "root ::= <[7]> <[8]>");
  EXPECT_EQ(request["logit_bias"].dump(), "[[2,100.0]]");
  EXPECT_EQ(request["top_logprobs"], 1);
}

}  // namespace
}  // namespace firstlight::hosted
