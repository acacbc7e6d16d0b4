#include "readout.h"

#include <gtest/gtest.h>

#include <cmath>

namespace firstlight::hosted {
namespace {

Alternative token(const std::string& text, double p) { return {text, std::log(p)}; }

Position position(const Alternative& chosen, std::vector<Alternative> top) { return {chosen, top}; }

double p(const Readout& readout, std::size_t label) { return std::exp(readout.logprobs[label]); }

TEST(Readout, FollowsASharedPrefixToWhereLabelsPart) {
  const Readout r = read_positions(
      {position(token("Category", 0.9), {token("Category", 0.9), token("The", 0.1)}),
       position(token(" 1", 0.7), {token(" 1", 0.7), token(" 0", 0.2), token(" 9", 0.1)})},
      {"Category 0", "Category 1"});
  EXPECT_NEAR(p(r, 0), 0.9 * 0.2, 1e-12);
  EXPECT_NEAR(p(r, 1), 0.9 * 0.7, 1e-12);
  EXPECT_NEAR(r.outside, 0.1 + 0.9 * 0.1, 1e-12);
}

TEST(Readout, SeveralTokensOfOneLabelAddUp) {
  const Readout r = read_positions(
      {position(token("round", 0.5), {token("round", 0.5), token(" round", 0.2), token("Ro", 0.1),
                                      token("flat", 0.15), token("square", 0.05)})},
      {"round", "flat"});
  EXPECT_NEAR(p(r, 0), 0.8, 1e-12);
  EXPECT_NEAR(p(r, 1), 0.15, 1e-12);
  EXPECT_NEAR(r.outside, 0.05, 1e-12);
}

TEST(Readout, ALabelInsideAnotherNeedsItsEnd) {
  const std::vector<std::string> labels = {"1", "10"};
  const Readout r = read_positions(
      {position(token("1", 0.9), {token("1", 0.9), token("2", 0.1)}),
       position(token("0", 0.6), {token("0", 0.6), token("", 0.3), token("5", 0.1)})},
      labels);
  EXPECT_NEAR(p(r, 0), 0.9 * 0.3, 1e-12);
  EXPECT_NEAR(p(r, 1), 0.9 * 0.6, 1e-12);
  // The server that lists no end of answer: what the path itself says is all that is known.
  const Readout short_list = read_positions({position(token("1", 0.9), {token("1", 0.9)})}, labels);
  EXPECT_NEAR(p(short_list, 0), 0.9, 1e-12);
  EXPECT_LT(p(short_list, 1), 0.1 + 1e-12);
}

TEST(Readout, AWordThatBeginsLikeALabelIsNoLabel) {
  const Readout r = read_positions(
      {position(token("smooth", 0.6), {token("smooth", 0.6), token("smoothly", 0.4)})},
      {"smooth", "featured"});
  EXPECT_NEAR(p(r, 0), 0.6, 1e-12);
  EXPECT_NEAR(r.outside, 0.4, 1e-12);
}

TEST(Readout, ALabelInNoListGetsItsLargestPossibleProbability) {
  // Three listed tokens leave 0.002; the last listed has 0.01, so the bound is what is left over.
  const Readout r = read_positions(
      {position(token("a", 0.9), {token("a", 0.9), token("x", 0.088), token("y", 0.01)})},
      {"a", "b"});
  EXPECT_NEAR(p(r, 1), 0.002, 1e-12);
  const Readout full = read_positions({position(token("a", 1.0), {token("a", 1.0)})}, {"a", "b"});
  EXPECT_TRUE(std::isfinite(full.logprobs[1]));
}

TEST(MatchJson, TakesOneLabelLetterByLetter) {
  const std::vector<std::string> labels = {"round", "flat"};
  EXPECT_EQ(match_json(R"( {"label": "flat"} )", labels), ClassId{1});
  for (const char* other : {R"({"label": "Flat"})", R"({"label": "flat", "why": "x"})", "flat",
                            R"({"label": 1})", R"([{"label": "flat"}])", "{"}) {
    EXPECT_EQ(match_json(other, labels), std::nullopt) << other;
  }
}

TEST(PositionsOf, ReadsBytesBeforeTextAndRefusesWhatIsNoLogarithm) {
  const Json answer = Json::parse(R"({"choices": [{"logprobs": {"content": [
    {"token": "?", "bytes": [195, 169], "logprob": -0.5,
     "top_logprobs": [{"token": "e", "logprob": -9999.0}, {"token": "x"}]}]}}]})");
  const auto positions = positions_of(answer);
  ASSERT_EQ(positions.size(), 1u);
  EXPECT_EQ(positions[0].chosen.text, "\xC3\xA9");
  ASSERT_EQ(positions[0].top.size(), 1u);
  for (const char* broken : {R"({"choices": []})", R"({"choices": {}})", R"({"choices": [7]})",
                             R"({"choices": [{"logprobs": null}]})",
                             R"({"choices": [{"logprobs": {"content": [{"token": "a"}]}}]})",
                             R"({"choices": [{"logprobs": {"content": [
                                  {"token": "a", "logprob": 3.0}]}}]})"}) {
    EXPECT_TRUE(positions_of(Json::parse(broken)).empty()) << broken;
  }
}

}  // namespace
}  // namespace firstlight::hosted
