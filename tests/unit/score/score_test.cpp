#include "firstlight/score/score.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/base/random.h"

namespace firstlight {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

LabelScores scores(std::vector<std::vector<double>> logprobs) {
  LabelScores out;
  for (auto& answer : logprobs) {
    std::vector<std::int32_t> ids(answer.size());
    std::iota(ids.begin(), ids.end(), static_cast<std::int32_t>(10 * out.answers.size()));
    out.answers.push_back({ids, std::move(answer)});
  }
  return out;
}

using Doubles = std::vector<double>;

TEST(LabelLogScores, FollowTheirDefinitions) {
  const LabelScores s = scores({{-1, -2, -0.5}, {-2, -0.25}});
  EXPECT_EQ(label_log_scores(s, Normalisation::kSum), (Doubles{-3.5, -2.25}));
  EXPECT_EQ(label_log_scores(s, Normalisation::kMean), (Doubles{-3.5 / 3, -1.125}));
  EXPECT_EQ(label_log_scores(s, Normalisation::kFirstToken), (Doubles{-1, -2}));
  const LabelScores blank = scores({{-1, -1, -1}, {-0.5, -0.25}});
  EXPECT_EQ(label_log_scores(s, Normalisation::kPmi, &blank), (Doubles{-0.5, -1.5}));
}

TEST(LabelLogScores, FirstTwoTokensCountBehindTheSharedPhrase) {
  // A phrase of two tokens, then labels of three, three and one, and the end.
  LabelScores s;
  s.answers = {{{7, 8, 1, 2, 3, 9}, {-0.5, -0.25, -1, -0.5, -4, -1}},
               {{7, 8, 4, 2, 3, 9}, {-0.5, -0.25, -2, -0.25, -4, -1}},
               {{7, 8, 5, 9}, {-0.5, -0.25, -3, -0.25}}};
  EXPECT_EQ(label_log_scores(s, Normalisation::kFirstTwoTokens), (Doubles{-7.5, -11.25, -16.25}));
  const Doubles p = probabilities(s, Normalisation::kFirstTwoTokens);
  EXPECT_NEAR(p[1] / p[0], std::exp(-3.75), 1e-12);
  s.kind = ScoreKind::kTop20;
  EXPECT_THROW(label_log_scores(s, Normalisation::kFirstTwoTokens), Error);
}

TEST(LabelLogScores, PmiNeedsThePriorOfTheSameAnswers) {
  const LabelScores s = scores({{-1, -2}, {-2}});
  EXPECT_THROW(label_log_scores(s, Normalisation::kPmi), Error);
  const LabelScores fewer = scores({{-1, -2}});
  EXPECT_THROW(label_log_scores(s, Normalisation::kPmi, &fewer), Error);
  LabelScores other = s;
  other.answers[1].token_ids[0] = 99;
  EXPECT_THROW(label_log_scores(s, Normalisation::kPmi, &other), Error);
  EXPECT_THROW(label_log_scores(scores({{-1}, {}}), Normalisation::kSum), Error);
}

TEST(LabelLogScores, PmiKeepsAnExcludedAnswerExcluded) {
  const LabelScores s = scores({{-kInfinity}, {-1}});
  const LabelScores prior = scores({{-kInfinity}, {-2}});
  EXPECT_EQ(label_log_scores(s, Normalisation::kPmi, &prior), (Doubles{-kInfinity, 1}));
}

TEST(ConstrainedChoice, GreedyFollowsASharedBeginningAndTwoBeamsDoNot) {
  // "a b", "a c" and "d": together a is likelier, but each of its two ends is unlikely.
  LabelScores s;
  s.answers = {{{1, 2, 9}, {std::log(0.6), std::log(0.5), std::log(0.02)}},
               {{1, 3, 9}, {std::log(0.6), std::log(0.3), std::log(0.02)}},
               {{4, 9}, {std::log(0.4), std::log(0.9)}}};
  EXPECT_EQ(constrained_choice(s, 1), ClassId{0});
  EXPECT_EQ(constrained_choice(s, 2), ClassId{2});
  EXPECT_EQ(most_likely(probabilities(s)), ClassId{2});
  EXPECT_THROW(constrained_choice(s, 0), Error);
  EXPECT_THROW(constrained_choice(LabelScores{}, 1), Error);
}

TEST(Probabilities, AreThoseOfTheWholeAnswersAmongTheLabels) {
  // p = 0.5 x 0.4 and 0.3 x 0.2: renormalised 0.2 / 0.26 and 0.06 / 0.26.
  const LabelScores s = scores({{std::log(0.5), std::log(0.4)}, {std::log(0.3), std::log(0.2)}});
  const Doubles p = probabilities(s);
  EXPECT_NEAR(p[0], 0.2 / 0.26, 1e-15);
  EXPECT_NEAR(p[1], 0.06 / 0.26, 1e-15);
}

TEST(Probabilities, OfLogitsAreTheSoftmaxItself) {
  LabelScores s = scores({{std::log(0.7)}, {std::log(0.2)}, {std::log(0.1)}});
  s.kind = ScoreKind::kLogits;
  for (const Normalisation n :
       {Normalisation::kSum, Normalisation::kMean, Normalisation::kFirstToken}) {
    EXPECT_NEAR(probabilities(s, n)[0], 0.7, 1e-15);
  }
}

TEST(Softmax, SurvivesExtremes) {
  EXPECT_EQ(softmax(Doubles{-1e5, -1e5}), (Doubles{0.5, 0.5}));
  EXPECT_EQ(softmax(Doubles{1e5, -1e5}), (Doubles{1, 0}));
  EXPECT_EQ(softmax(Doubles{0, -kInfinity}), (Doubles{1, 0}));
  EXPECT_EQ(softmax(Doubles{-kInfinity, -kInfinity}), (Doubles{0.5, 0.5}));
  EXPECT_EQ(softmax(Doubles{kInfinity, 3, kInfinity}), (Doubles{0.5, 0, 0.5}));
  EXPECT_TRUE(softmax(Doubles{}).empty());
}

TEST(Softmax, SumsToOne) {
  Random random(3);
  for (int round = 0; round < 1000; ++round) {
    Doubles x(1 + random.below(50));
    for (double& value : x) value = random.normal(-200, 60);
    const Doubles p = softmax(x);
    EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1.0,
                1e-15 * static_cast<double>(x.size()));
  }
}

TEST(LogSumExp, SurvivesExtremes) {
  EXPECT_NEAR(log_sum_exp(Doubles{-1000, -1000}), -1000 + std::log(2.0), 1e-12);
  EXPECT_NEAR(log_sum_exp(Doubles{0, std::log(3.0)}), std::log(4.0), 1e-15);
  EXPECT_EQ(log_sum_exp(Doubles{-kInfinity, -kInfinity}), -kInfinity);
  EXPECT_EQ(log_sum_exp(Doubles{}), -kInfinity);
}

TEST(AverageOrders, IsTheGeometricMeanOfTheDistributions) {
  // Distributions (0.8, 0.2) and (0.5, 0.5), the second from scores on another scale:
  // sqrt(0.8 x 0.5) : sqrt(0.2 x 0.5) = 2 : 1.
  const std::vector<Doubles> orders = {{std::log(0.8), std::log(0.2)}, {-100, -100}};
  const Doubles p = average_passes(orders);
  EXPECT_NEAR(p[0], 2.0 / 3, 1e-15);
  EXPECT_NEAR(p[1], 1.0 / 3, 1e-15);
  EXPECT_THROW(average_passes({}), Error);
  const std::vector<Doubles> uneven = {{0, 0}, {0}};
  EXPECT_THROW(average_passes(uneven), Error);
}

TEST(MostLikely, TakesTheFirstLargest) {
  EXPECT_EQ(most_likely(Doubles{0.2, 0.4, 0.4}), ClassId{1});
  EXPECT_THROW(most_likely(Doubles{}), Error);
}

TEST(Names, RoundTrip) {
  for (const char* name : {"sum", "mean", "first_token", "first_two_tokens", "pmi"}) {
    EXPECT_EQ(to_string(normalisation(name).value()), name);
  }
  for (const char* name : {"exact", "top20", "schema", "text", "logits"}) {
    EXPECT_EQ(to_string(score_kind(name).value()), name);
  }
  EXPECT_FALSE(normalisation("Sum"));
  EXPECT_FALSE(score_kind(""));
}

}  // namespace
}  // namespace firstlight
