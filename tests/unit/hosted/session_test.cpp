#include "firstlight/hosted/session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <filesystem>

#include "firstlight/base/text.h"
#include "firstlight/score/label_scores.h"
#include "result_json.h"
#include "temporary_folder.h"

namespace firstlight::hosted {
namespace {

bool none(const std::string&) { return false; }

class SessionTest : public ::testing::Test {
 protected:
  const TemporaryFolder folder_;
  const std::string path_ = folder_.path("answers.jsonl");
};

TEST_F(SessionTest, AnswersOutliveAKill) {
  {
    Session session;
    session.attach(path_, 1.0, none);
    session.keep("a", "first \"answer\"\n", 0.5);
    session.keep("b", "second", 0.25);
    session.keep("b", "asked twice at once", 0.25);
    EXPECT_DOUBLE_EQ(session.spent_usd(), 1.75);
  }
  // The kill came in the middle of a line.
  std::FILE* file = std::fopen(path_.c_str(), "ab");
  std::fputs("[\"c\",\"hal", file);
  std::fclose(file);
  Session session;
  session.attach(path_, 1.0, none);
  EXPECT_EQ(session.find("a"), "first \"answer\"\n");
  EXPECT_EQ(session.find("b"), "second");
  EXPECT_EQ(session.find("c"), std::nullopt);
  EXPECT_DOUBLE_EQ(session.spent_usd(), 1.75);
  Session counted;
  counted.attach(path_, 1.0, [](const std::string& key) { return key == "a"; });
  EXPECT_DOUBLE_EQ(counted.spent_usd(), 1.25) << "what the tables hold is not counted again";
  session.keep("c", "whole", 0.0);
  Session third;
  third.attach(path_, 0.0, none);
  EXPECT_EQ(third.find("c"), "whole");
}

TEST_F(SessionTest, CommittedAnswersAreForgotten) {
  Session session;
  session.attach(path_, 0.0, none);
  session.keep("a", "x", 0.5);
  session.committed();
  EXPECT_EQ(session.find("a"), std::nullopt);
  EXPECT_EQ(text::read_file(path_), "");
  EXPECT_DOUBLE_EQ(session.spent_usd(), 0.5);
  session.finish();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SessionTest, TheBudgetHoldsWithRequestsOnTheirWay) {
  Session session(nullptr, 1.0);
  EXPECT_TRUE(session.may_ask(0.4));
  EXPECT_TRUE(session.may_ask(0.4));
  EXPECT_FALSE(session.may_ask(0.4));
  EXPECT_TRUE(session.over_budget());
  session.settle(0.4);
  session.keep("a", "x", 0.1);
  EXPECT_TRUE(session.may_ask(0.4));
}

TEST_F(SessionTest, AnInterruptIsSeen) {
  std::atomic<bool> stop = false;
  const Session session(&stop);
  EXPECT_FALSE(session.interrupted());
  stop = true;
  EXPECT_TRUE(session.interrupted());
}

TEST(ResultJson, RoundTrips) {
  LabelScores scores;
  scores.kind = ScoreKind::kTop20;
  scores.answers = {{{1, 2}, {-0.5, -0.25}}, {{}, {-3.0}}};
  scores.server = ServerAnswer{"r", "gpt-4o-2024-08-06", "fp_1", 100, 50, 3, 0.25, {}, "Yes", ""};
  const auto back = scores_from_json(to_json(scores), 2);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->kind, scores.kind);
  EXPECT_EQ(back->server, scores.server);
  EXPECT_EQ(back->answers[0].token_ids, scores.answers[0].token_ids);
  EXPECT_EQ(back->answers[1].logprobs, scores.answers[1].logprobs);
  EXPECT_FALSE(scores_from_json(to_json(scores), 3));
  EXPECT_FALSE(scores_from_json("{\"kind\": \"top20\"}", 2));
  EXPECT_FALSE(scores_from_json("not json", 2));
}

}  // namespace
}  // namespace firstlight::hosted
