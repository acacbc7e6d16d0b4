#include "firstlight/check/prompt_check.h"

#include <gtest/gtest.h>

#include "firstlight/base/error.h"
#include "sources.h"

namespace firstlight {
namespace {

PromptCheck check_with_liking(double liking, const PromptSettings& settings = {}) {
  return check_prompt(
      GreySource(42), shapes_task(),
      [&](const Task& task) -> std::unique_ptr<Classifier> {
        if (task.answer == "{letter}") throw Error::usage("answers", "two tokenise alike");
        return std::make_unique<LevelClassifier>(liking);
      },
      settings, quick_options());
}

TEST(CheckPrompt, AveragingOverOrdersRemovesALikingForThePlace) {
  const PromptCheck check = check_with_liking(2);
  EXPECT_EQ(check.n, 40u);
  const PromptVariantOutcome& own = check.templates.front();
  ASSERT_EQ(own.orders.size(), 2u);
  // The liking of 2 beats the level's odds of 1: everything gets the first label.
  EXPECT_EQ(own.orders[0].accuracy.value, 0.5);
  EXPECT_EQ(own.orders[1].accuracy.value, 0.5);
  EXPECT_EQ(own.orders[1].changed.value, 1);
  EXPECT_EQ(own.average.accuracy.value, 1);
  EXPECT_EQ(own.average.changed.value, 0.5);
  EXPECT_GT(own.by_place[0].value, 0.8);
  EXPECT_NEAR(own.by_place[0].value + own.by_place[1].value, 1, 1e-12);
  EXPECT_EQ(own.main_against_own.shift.value, 0);
}

TEST(CheckPrompt, WithoutALikingNothingMoves) {
  const PromptCheck check = check_with_liking(0);
  const PromptVariantOutcome& own = check.templates.front();
  EXPECT_EQ(own.best_accuracy, 1);
  EXPECT_EQ(own.worst_accuracy, 1);
  EXPECT_EQ(own.orders[1].shift.value, 0);
  EXPECT_NEAR(own.by_place[0].value, 0.5, 1e-12);
}

TEST(CheckPrompt, TemplatesThatCannotBeUsedAreSkippedWithTheReason) {
  PromptSettings settings;
  settings.answers = {"{letter}", "same", "{key}!"};
  settings.orders = 1;
  const PromptCheck check = check_with_liking(1, settings);
  ASSERT_EQ(check.templates.size(), 4u);
  EXPECT_NE(check.templates[1].skipped.find("tokenise alike"), std::string::npos);
  EXPECT_EQ(check.templates[2].skipped, "two classes have the same answer");
  EXPECT_TRUE(check.templates[3].skipped.empty());
  EXPECT_EQ(check.templates[3].orders.size(), 1u);
  EXPECT_NE(to_text(check).find("skipped"), std::string::npos);
  settings.orders = 3;
  EXPECT_THROW(check_with_liking(1, settings), Error);
}

TEST(StandardAnswers, FollowTheClassLines) {
  const Task task = shapes_task();
  EXPECT_EQ(standard_answers(task), (std::vector<std::string>{"{key}", "{index}"}));
  Task letters = task;
  letters.class_line = "{letter}) {name}";
  letters.answer = "{letter}";
  EXPECT_EQ(standard_answers(letters), (std::vector<std::string>{"{name}", "{key}"}));
}

}  // namespace
}  // namespace firstlight
