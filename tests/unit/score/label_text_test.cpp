#include "firstlight/score/label_text.h"

#include <gtest/gtest.h>

namespace firstlight {
namespace {

TEST(MatchLabel, CaseCountsOnlyWhereItTellsLabelsApart) {
  EXPECT_EQ(match_label("ROUND", {"round", "flat"}), ClassId{0});
  EXPECT_EQ(match_label("A", {"a", "A"}), ClassId{1});
  EXPECT_EQ(match_label("b", {"a", "A"}), std::nullopt);
}

TEST(MatchLabel, IsStrict) {
  const std::vector<std::string> labels = {"Category 0", "Category 1"};
  for (const char* same : {"Category 1", " category 1.\n", "\"Category 1\"", "`Category 1.`"}) {
    EXPECT_EQ(match_label(same, labels), ClassId{1}) << same;
  }
  for (const char* other : {"", "1", "Category 10", "Category 1, I think", "It is Category 1",
                            "Category 0 or Category 1"}) {
    EXPECT_EQ(match_label(other, labels), std::nullopt) << other;
  }
}

TEST(MatchFreeText, TakesAnAnswerThatStandsAtTheBeginning) {
  const std::vector<std::string> labels = {"1", "2", "smooth", "smooth round"};
  const auto gives = [&](const char* text, int label) {
    EXPECT_EQ(match_free_text(text, labels), ClassId{label}) << text;
  };
  gives("2", 1);
  gives(" 2.\n", 1);
  gives("2. It has a disk and no bar.", 1);
  gives("2\nThe galaxy has a disk.", 1);
  gives("1): it is bright", 0);
  gives("Smooth round: there is no disk", 3);
  gives("Smooth. Round", 2);
  gives("\"smooth round\" fits best", 3);
  for (const char* none :
       {"", "2 galaxies are seen", "2.5 arcsec", "2, or 1", "12", "The galaxy is smooth round.",
        "smooth or round", "3. something else", "smoothly: round"}) {
    EXPECT_EQ(match_free_text(none, labels), std::nullopt) << none;
  }
}

TEST(MatchFreeText, CaseCountsWhereItTellsLabelsApart) {
  EXPECT_EQ(match_free_text("A. because", {"a", "A"}), ClassId{1});
  EXPECT_EQ(match_free_text("B. because", {"a", "b"}), ClassId{1});
}

}  // namespace
}  // namespace firstlight
