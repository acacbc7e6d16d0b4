#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/base/random.h"
#include "firstlight/score/score.h"

namespace firstlight {
namespace {

using Answers = std::vector<std::vector<std::int32_t>>;

/// The tokens from the root to `node`.
std::vector<std::int32_t> prefix(const PrefixTree& tree, int node) {
  std::vector<std::int32_t> tokens;
  for (; node > 0; node = tree.nodes[static_cast<std::size_t>(node)].parent) {
    tokens.insert(tokens.begin(), tree.nodes[static_cast<std::size_t>(node)].token);
  }
  return tokens;
}

TEST(PrefixTree, SharesPrefixes) {
  // "Category 0<end>", "Category 1<end>", "Category 1 0<end>" with end = 2.
  const PrefixTree tree = build_prefix_tree({{7, 10, 2}, {7, 11, 2}, {7, 11, 10, 2}}, {});
  ASSERT_EQ(tree.nodes.size(), 5u);
  EXPECT_EQ(tree.path, (std::vector<std::vector<int>>{{0, 1, 2}, {0, 1, 3}, {0, 1, 3, 4}}));
  EXPECT_EQ(tree.nodes[1].token, 7);
  EXPECT_EQ(tree.nodes[1].parent, 0);
  EXPECT_EQ(tree.nodes[4].depth, 3);
}

TEST(PrefixTree, AnAnswerInsideAnotherAddsItsLastToken) {
  const PrefixTree tree = build_prefix_tree({{5}, {5, 6}}, {});
  EXPECT_EQ(tree.path, (std::vector<std::vector<int>>{{0}, {0, 1}}));
  EXPECT_EQ(tree.nodes.size(), 2u);
}

TEST(PrefixTree, OneTokenAnswersNeedTheRootOnly) {
  EXPECT_EQ(build_prefix_tree({{5}, {6}, {7}}, {}).nodes.size(), 1u);
}

TEST(PrefixTree, EveryPathLeadsThroughItsOwnPrefixes) {
  Random random(5);
  for (int round = 0; round < 50; ++round) {
    Answers answers;
    for (int a = 0; a < 12; ++a) {
      std::vector<std::int32_t> tokens;
      for (std::uint64_t i = random.below(6); i > 0; --i) {
        tokens.push_back(static_cast<std::int32_t>(random.below(3)));
      }
      tokens.push_back(100 + a % 3);
      if (std::find(answers.begin(), answers.end(), tokens) == answers.end()) {
        answers.push_back(tokens);
      }
    }
    const PrefixTree tree = build_prefix_tree(answers, {});
    std::vector<std::vector<std::int32_t>> prefixes;
    for (std::size_t node = 0; node < tree.nodes.size(); ++node) {
      EXPECT_LT(tree.nodes[node].parent, static_cast<int>(node));
      prefixes.push_back(prefix(tree, static_cast<int>(node)));
      EXPECT_EQ(prefixes.back().size(), static_cast<std::size_t>(tree.nodes[node].depth));
    }
    for (std::size_t a = 0; a < answers.size(); ++a) {
      ASSERT_EQ(tree.path[a].size(), answers[a].size());
      for (std::size_t i = 0; i < answers[a].size(); ++i) {
        EXPECT_EQ(prefixes[static_cast<std::size_t>(tree.path[a][i])],
                  std::vector<std::int32_t>(answers[a].begin(),
                                            answers[a].begin() + static_cast<std::ptrdiff_t>(i)));
      }
    }
    std::sort(prefixes.begin(), prefixes.end());
    EXPECT_EQ(std::adjacent_find(prefixes.begin(), prefixes.end()), prefixes.end());
  }
}

TEST(PrefixTree, RefusesAnswersThatTokeniseAlike) {
  try {
    build_prefix_tree({{1, 2}, {3}, {1, 2}}, {"spiral", "disk", "Spiral"});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(e.what(),
                 "'spiral' and 'Spiral': are the same tokens to this model; word the answers "
                 "differently");
  }
  EXPECT_THROW(build_prefix_tree({{1}, {}}, {"a", "b"}), Error);
}

}  // namespace
}  // namespace firstlight
