#include "forced.h"

#include <gtest/gtest.h>

namespace firstlight::hosted {
namespace {

Json prompt(const char* list) { return {{"prompt_logprobs", Json::parse(list)}}; }

TEST(ScoresFromPrompts, FindTheLastTurnAndTheTokenThatEndsIt) {
  // The label's word stands in the question too.
  const Json answer = prompt(R"([null,
    {"7": {"logprob": -3.0, "decoded_token": "flat"}},
    {"8": {"logprob": -2.0, "decoded_token": " or round"}},
    {"9": {"logprob": -0.25, "decoded_token": " fl"}},
    {"10": {"logprob": -0.5, "decoded_token": "at"}, "3": {"logprob": -0.1, "decoded_token": "x"}},
    {"2": {"logprob": -0.125, "decoded_token": "</s>"}},
    {"5": {"logprob": -6.0, "decoded_token": "\n"}}])");
  const PromptTail tail = prompt_tail(answer);
  EXPECT_EQ(tail.place, 1u);
  const auto scores = scores_from_prompts({tail}, {"flat"});
  ASSERT_TRUE(scores.ok());
  EXPECT_EQ(scores.value()[0].token_ids, (std::vector<std::int32_t>{9, 10, 2}));
  EXPECT_EQ(scores.value()[0].logprobs, (std::vector<double>{-0.25, -0.5, -0.125}));
  EXPECT_FALSE(scores_from_prompts({tail}, {"round thing"}).ok());
}

TEST(ScoresFromPrompts, ABlankOfItsOwnBelongsToTheLabel) {
  // One label's space is a token, the other's a part of its first word: both are counted.
  const PromptTail flat = prompt_tail(prompt(R"([null, {"4": {"logprob": -1, "decoded_token": ":"}},
    {"3": {"logprob": -0.5, "decoded_token": " "}}, {"9": {"logprob": -0.25, "decoded_token": "fl"}},
    {"10": {"logprob": -0.5, "decoded_token": "at"}},
    {"2": {"logprob": -0.125, "decoded_token": "</s>"}}])"));
  const PromptTail art = prompt_tail(prompt(R"([null, {"4": {"logprob": -1, "decoded_token": ":"}},
    {"11": {"logprob": -0.75, "decoded_token": " art"}},
    {"2": {"logprob": -0.125, "decoded_token": "</s>"}}])"));
  const auto scores = scores_from_prompts({flat, art}, {"flat", "art"});
  ASSERT_TRUE(scores.ok());
  EXPECT_EQ(scores.value()[0].token_ids, (std::vector<std::int32_t>{3, 9, 10, 2}));
  EXPECT_EQ(scores.value()[1].token_ids, (std::vector<std::int32_t>{11, 2}));
  // A prompt that is known from a later place on only.
  PromptTail later = flat;
  later.place = 3;
  later.tokens.erase(later.tokens.begin(), later.tokens.begin() + 2);
  EXPECT_FALSE(scores_from_prompts({later, art}, {"flat", "art"}).ok());
}

TEST(ScoresFromPrompts, ATokenWithoutTextBeginsALabelWherePromptsDiffer) {
  // Letters of two tokens: vLLM gives the text to the second.
  const PromptTail ring = prompt_tail(prompt(R"([null, {"4": {"logprob": -1, "decoded_token": ":"}},
    {"60": {"logprob": -2.5, "decoded_token": ""}}, {"61": {"logprob": -0.25, "decoded_token": "\u00e5"}},
    {"2": {"logprob": -0.125, "decoded_token": "</s>"}}])"));
  const PromptTail beta = prompt_tail(prompt(R"([null, {"4": {"logprob": -1, "decoded_token": ":"}},
    {"70": {"logprob": -0.5, "decoded_token": ""}}, {"61": {"logprob": -4.0, "decoded_token": "\u03b2"}},
    {"2": {"logprob": -0.125, "decoded_token": "</s>"}}])"));
  const auto scores = scores_from_prompts({ring, beta}, {"\u00e5", "\u03b2"});
  ASSERT_TRUE(scores.ok());
  EXPECT_EQ(scores.value()[0].token_ids, (std::vector<std::int32_t>{60, 61, 2}));
  EXPECT_EQ(scores.value()[1].logprobs, (std::vector<double>{-0.5, -4.0, -0.125}));
}

TEST(ScoresFromPrompts, ServersThatDecodeTokenByTokenLoseBlanks) {
  const PromptTail tail = prompt_tail(prompt(R"([null,
    {"9": {"logprob": -0.25, "decoded_token": "barred"}},
    {"10": {"logprob": -0.5, "decoded_token": "spiral"}},
    {"2": {"logprob": -0.125, "decoded_token": ""}}])"));
  const auto scores = scores_from_prompts({tail}, {"barred spiral"});
  ASSERT_TRUE(scores.ok());
  EXPECT_EQ(scores.value()[0].token_ids, (std::vector<std::int32_t>{9, 10, 2}));
}

TEST(ScoresFromPrompts, RefuseWhatIsNoList) {
  for (const char* broken :
       {R"({})", R"({"prompt_logprobs": 1})", R"({"prompt_logprobs": [1, {}, {"x": 2}]})",
        R"({"prompt_logprobs": [{"7": {"logprob": "a", "decoded_token": "flat"}}]})",
        R"({"prompt_logprobs": [{"7": {"logprob": 4.0, "decoded_token": "flat"}}]})"}) {
    EXPECT_FALSE(scores_from_prompts({prompt_tail(Json::parse(broken))}, {"flat"}).ok()) << broken;
  }
}

Json tokens(const char* list) { return {{"tokens", Json::parse(list)}}; }

TEST(LacksFirstToken, WhereSpecialTokensAddOneThatIsNotThereYet) {
  EXPECT_TRUE(lacks_first_token(tokens("[5, 6]"), tokens("[1, 5, 6]")));
  EXPECT_FALSE(lacks_first_token(tokens("[1, 5, 6]"), tokens("[1, 1, 5, 6]"))) << "written twice";
  EXPECT_FALSE(lacks_first_token(tokens("[5, 6]"), tokens("[5, 6]"))) << "a tokeniser without it";
  EXPECT_FALSE(lacks_first_token(tokens("[5, 6]"), tokens("[5, 6, 2]"))) << "an end";
  EXPECT_FALSE(lacks_first_token(tokens("[]"), tokens("[1]")));
  EXPECT_FALSE(lacks_first_token(Json::object(), tokens("[1, 5]")));
  EXPECT_FALSE(lacks_first_token(tokens("[5]"), {{"tokens", 3}}));
}

TEST(LabelTokens, AreWhatTheLabelAddsToTheConversation) {
  const Json before = tokens(R"([{"id": 5, "piece": "USER"}, {"id": 6, "piece": ":"}])");
  const Json with = tokens(R"([{"id": 5, "piece": "USER"}, {"id": 6, "piece": ":"},
    {"id": 7, "piece": " fl"}, {"id": 8, "piece": "at"}, {"id": 2, "piece": "</s>"},
    {"id": 9, "piece": "."}])");
  const auto found = label_tokens(before, with, "flat");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found.value().ids, (std::vector<std::int32_t>{7, 8}));
  EXPECT_EQ(found.value().end, 2);
  EXPECT_FALSE(label_tokens(before, with, "flat spiral").ok());
  EXPECT_FALSE(label_tokens(before, with, "fla").ok()) << "ends inside a token";
  EXPECT_FALSE(label_tokens(with, before, "flat").ok());
}

TEST(LabelTokens, ATokenOfThePromptIsNotTheLabels) {
  // The space at the end of the prompt became a part of the label's first token.
  const Json before = tokens(R"([{"id": 5, "piece": "USER:"}, {"id": 3, "piece": " "}])");
  const Json with = tokens(R"([{"id": 5, "piece": "USER:"}, {"id": 7, "piece": " flat"}])");
  EXPECT_FALSE(label_tokens(before, with, "flat").ok());
}

TEST(LabelTokens, AreWholeCharacters) {
  const Json before = tokens("[]");
  EXPECT_TRUE(label_tokens(before, tokens(R"([{"id": 4, "piece": "é"}])"), "é").ok());
  const Json parts = tokens(R"([{"id": 4, "piece": [195]}, {"id": 5, "piece": [169]}])");
  EXPECT_FALSE(label_tokens(before, parts, "é").ok()) << "the server lists no part of a character";
  for (const char* broken : {R"({})", R"({"tokens": [1]})", R"({"tokens": [{"id": 1}]})",
                             R"({"tokens": [{"id": "x", "piece": "a"}]})",
                             R"({"tokens": [{"id": 1, "piece": [400]}]})"}) {
    EXPECT_FALSE(label_tokens(before, Json::parse(broken), "a").ok()) << broken;
  }
}

TEST(ScoreFromGrammar, TakesTheForcedTokensAndTheEnd) {
  const Json answer = Json::parse(R"({"choices": [{"message": {"content": "flat"},
    "logprobs": {"content": [{"id": 7, "token": "fl", "logprob": -1.5},
      {"id": 8, "token": "at", "logprob": -3.4e38}, {"id": 2, "token": "", "logprob": -0.1}]}}]})");
  const auto score = score_from_grammar(answer, "flat", {{7, 8}, 2});
  ASSERT_TRUE(score.ok());
  EXPECT_EQ(score.value().token_ids, (std::vector<std::int32_t>{7, 8, 2}));
  EXPECT_EQ(score.value().logprobs, (std::vector<double>{-1.5, -103.6, -0.1}));
  EXPECT_FALSE(score_from_grammar(answer, "flat", {{7, 9}, 2}).ok())
      << "the server ignored the grammar";
  EXPECT_FALSE(score_from_grammar(answer, "flat", {{7}, 2}).ok());
  EXPECT_FALSE(score_from_grammar(Json::object(), "flat", {{7, 8}, 2}).ok());
}

}  // namespace
}  // namespace firstlight::hosted
