#include <gtest/gtest.h>

#include "firstlight/eval/evaluation.h"

namespace firstlight {
namespace {

TEST(FreeTextMetrics, CountWhatIsReadWhatAgreesAndWhatIsRight) {
  const ClassId a{0}, b{1};
  const std::vector<FreeTextLabel> labels = {{a, a, a},  {a, b, a},  {b, b, a},
                                             {b, {}, b}, {a, a, {}}, {a, {}, {}}};
  const auto metrics = free_text_metrics(labels, 0.95);
  ASSERT_EQ(metrics.size(), 1u);
  const FreeTextMetrics& m = metrics.front();
  EXPECT_EQ(m.n, 6u);
  EXPECT_DOUBLE_EQ(m.parsed.value, 4.0 / 6);
  EXPECT_DOUBLE_EQ(m.agreement.value, 3.0 / 4);
  EXPECT_DOUBLE_EQ(m.accuracy.value, 1.0 / 4);
  EXPECT_DOUBLE_EQ(m.accuracy_read.value, 1.0 / 3);
  // Clopper-Pearson of 3 of 4: quantiles of beta distributions.
  EXPECT_NEAR(m.agreement.low, 0.1941, 1e-4);
  EXPECT_NEAR(m.agreement.high, 0.9937, 1e-4);
}

TEST(FreeTextMetrics, WhatIsUndefinedSaysWhy) {
  EXPECT_TRUE(free_text_metrics({}, 0.95).empty());
  const auto unread = free_text_metrics({{ClassId{0}, {}, {}}}, 0.95).front();
  EXPECT_DOUBLE_EQ(unread.parsed.value, 0.0);
  EXPECT_EQ(unread.agreement.undefined, "no text gives a label");
  EXPECT_EQ(unread.accuracy.undefined, "no labelled samples");
  const auto wrong = free_text_metrics({{ClassId{0}, {}, ClassId{0}}}, 0.95).front();
  EXPECT_DOUBLE_EQ(wrong.accuracy.value, 0.0);
  EXPECT_EQ(wrong.accuracy_read.undefined, "no text gives a label");
}

}  // namespace
}  // namespace firstlight
