#include "previews.h"

#include <gtest/gtest.h>

#include <set>

#include "firstlight/base/random.h"

namespace firstlight::run_detail {
namespace {

TEST(PreviewContest, KeepsTheLowestRanks) {
  PreviewContest contest(2);  // 100 places a kind and class
  std::set<std::uint64_t> kept;
  for (std::uint64_t position = 0; position < 1000; ++position) {
    const auto outcome =
        contest.enter(position, {{"notable", "round", -static_cast<double>(position)}});
    if (!outcome.won.empty()) kept.insert(position);
    for (const std::uint64_t gone : outcome.removed) kept.erase(gone);
  }
  EXPECT_EQ(kept.size(), 100u);
  EXPECT_EQ(*kept.begin(), 900u);
}

TEST(PreviewContest, ASampleStaysWhileItHoldsAnyPlace) {
  PreviewContest contest(200);  // one place a kind and class
  contest.enter(0, {{"typical", "a", 1.0}, {"notable", "a", 1.0}});
  const auto second = contest.enter(1, {{"typical", "a", 0.5}});
  ASSERT_EQ(second.lost.size(), 1u);
  EXPECT_TRUE(second.removed.empty());
  const auto third = contest.enter(2, {{"notable", "a", 0.5}});
  EXPECT_EQ(third.removed, std::vector<std::uint64_t>{0});
}

TEST(PreviewContest, TheBoundHoldsForAnyNumberOfClasses) {
  for (const std::size_t classes : {1u, 2u, 7u, 200u, 201u, 1000u}) {
    PreviewContest contest(classes);
    Random random(classes);
    std::set<std::uint64_t> kept;
    for (std::uint64_t position = 0; position < 3000; ++position) {
      const std::string group = std::to_string(random.below(classes));
      const auto outcome = contest.enter(
          position, {{"typical", group, random.uniform()}, {"notable", group, random.uniform()}});
      if (!outcome.won.empty()) kept.insert(position);
      for (const std::uint64_t gone : outcome.removed) kept.erase(gone);
    }
    EXPECT_LE(kept.size(), kMaxPreviews) << classes;
    EXPECT_GE(kept.size(), kMaxPreviews / 4) << classes;
  }
}

TEST(PreviewContest, ARestoredContestGoesOnAsIfItHadNotStopped) {
  const auto choices = [](std::uint64_t position) {
    Random random(3, position);
    return std::vector<PreviewChoice>{{"typical", "a", random.uniform()},
                                      {"notable", "b", random.uniform()}};
  };
  const auto play = [&](PreviewContest& contest,
                        std::map<std::pair<std::uint64_t, std::string>, PreviewChoice>& held,
                        std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t position = from; position < to; ++position) {
      const auto outcome = contest.enter(position, choices(position));
      for (const auto& won : outcome.won) held[{position, won.kind}] = won;
      for (const auto& [loser, lost] : outcome.lost) held.erase({loser, lost.kind});
    }
  };
  std::map<std::pair<std::uint64_t, std::string>, PreviewChoice> whole;
  PreviewContest uninterrupted(20);
  play(uninterrupted, whole, 0, 500);

  std::map<std::pair<std::uint64_t, std::string>, PreviewChoice> parts;
  PreviewContest before(20);
  play(before, parts, 0, 123);
  PreviewContest after(20);
  for (const auto& [key, choice] : parts) after.restore(key.first, choice);
  play(after, parts, 123, 500);

  ASSERT_EQ(parts.size(), whole.size());
  for (const auto& [key, choice] : whole) EXPECT_EQ(parts.count(key), 1u) << key.first;
}

}  // namespace
}  // namespace firstlight::run_detail
