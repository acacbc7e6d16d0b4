#include "forced.h"

#include <gtest/gtest.h>

namespace firstlight::hosted {
namespace {

TEST(ScoreFromPrompt, FindsTheLastTurnAndTheTokenThatEndsIt) {
  // The label's word stands in the question too.
  const Json answer = Json::parse(R"({"prompt_logprobs": [null,
    {"7": {"logprob": -3.0, "decoded_token": "flat"}},
    {"8": {"logprob": -2.0, "decoded_token": " or round"}},
    {"9": {"logprob": -0.25, "decoded_token": " fl"}},
    {"10": {"logprob": -0.5, "decoded_token": "at"}, "3": {"logprob": -0.1, "decoded_token": "x"}},
    {"2": {"logprob": -0.125, "decoded_token": "</s>"}},
    {"5": {"logprob": -6.0, "decoded_token": "\n"}}]})");
  const auto score = score_from_prompt(answer, "flat");
  ASSERT_TRUE(score.ok());
  EXPECT_EQ(score.value().token_ids, (std::vector<std::int32_t>{9, 10, 2}));
  EXPECT_EQ(score.value().logprobs, (std::vector<double>{-0.25, -0.5, -0.125}));
  EXPECT_FALSE(score_from_prompt(answer, "round thing").ok());
}

TEST(ScoreFromPrompt, RefusesWhatIsNoList) {
  for (const char* broken :
       {R"({})", R"({"prompt_logprobs": 1})", R"({"prompt_logprobs": [1, {}, {"x": 2}]})",
        R"({"prompt_logprobs": [{"7": {"logprob": "a", "decoded_token": "flat"}}]})",
        R"({"prompt_logprobs": [{"7": {"logprob": 4.0, "decoded_token": "flat"}}]})"}) {
    EXPECT_FALSE(score_from_prompt(Json::parse(broken), "flat").ok()) << broken;
  }
}

TEST(ScoreFromGrammar, TakesTheTokensOfTheLabel) {
  const Json answer = Json::parse(R"({"choices": [{"message": {"content": "flat"},
    "logprobs": {"content": [{"token": "fl", "logprob": -1.5}, {"token": "at", "logprob": -0.5},
                             {"token": "</s>", "logprob": -0.1}]}}]})");
  const auto score = score_from_grammar(answer, "flat");
  ASSERT_TRUE(score.ok());
  EXPECT_EQ(score.value().logprobs, (std::vector<double>{-1.5, -0.5}));
  EXPECT_FALSE(score_from_grammar(answer, "round").ok()) << "the server ignored the grammar";
}

}  // namespace
}  // namespace firstlight::hosted
