#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "firstlight/base/hash.h"
#include "firstlight/data/source.h"
#include "testing.h"

namespace firstlight {
namespace {

using testing::error_of;

/// 400 rows in the order given; their images are never read here.
class SelectTest : public ::testing::Test {
 protected:
  std::unique_ptr<SampleSource> open(bool reversed = false) const {
    std::string rows;
    for (int i = 0; i < 400; ++i) {
      const std::string row =
          std::to_string(i) + ",image" + std::to_string(i) + ".png,t" + std::to_string(i) + "\n";
      rows = reversed ? row + rows : rows + row;
    }
    return open_data_source(folder_.write("list.csv", "id,file,label\n" + rows));
  }
  std::vector<std::string> ids(const Selection& selection, bool reversed = false) const {
    const auto source = select(open(reversed), selection);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < source->size(); ++i) {
      out.push_back(source->id(i));
      EXPECT_EQ(source->truth(i), "t" + out.back());
    }
    return out;
  }

  TemporaryFolder folder_;
};

TEST_F(SelectTest, IdsThatAreLeftOutComeInNoSelection) {
  Selection selection;
  selection.without = {"0", "7", "no such id"};
  const auto rest = ids(selection);
  EXPECT_EQ(rest.size(), 398u);
  EXPECT_EQ(rest.front(), "1");
  selection.limit = 7;
  EXPECT_EQ(ids(selection), (std::vector<std::string>{"1", "2", "3", "4", "5", "6", "8"}));
}

TEST_F(SelectTest, FoldsPartTheSource) {
  std::set<std::string> all;
  for (int i = 0; i < 5; ++i) {
    Selection fold;
    fold.fold = {i, 5};
    const auto in = ids(fold);
    EXPECT_NEAR(static_cast<double>(in.size()), 80, 30);
    for (const std::string& id : in) {
      EXPECT_TRUE(all.insert(id).second);
      EXPECT_EQ(stable_hash64(id) % 5, static_cast<std::uint64_t>(i));
    }
    Selection rest;
    rest.not_fold = {i, 5};
    EXPECT_EQ(ids(rest).size(), 400 - in.size());
  }
  EXPECT_EQ(all.size(), 400u);
}

TEST_F(SelectTest, SamplesGrowAndDoNotDependOnOrder) {
  Selection small;
  small.sample = 20;
  small.seed = 3;
  Selection large = small;
  large.sample = 60;
  const auto few = ids(small);
  auto many = ids(large);
  EXPECT_EQ(few.size(), 20u);
  EXPECT_EQ(ids(small), few);
  std::sort(many.begin(), many.end());
  for (const std::string& id : few) {
    EXPECT_TRUE(std::binary_search(many.begin(), many.end(), id));
  }
  auto backwards = ids(small, true);
  std::reverse(backwards.begin(), backwards.end());
  EXPECT_EQ(backwards, few);
  Selection other = small;
  other.seed = 4;
  EXPECT_NE(ids(other), few);
  Selection all;
  all.sample = 1000;
  EXPECT_EQ(ids(all).size(), 400u);
}

TEST_F(SelectTest, ShardsOfASelectionAreTheSelection) {
  Selection selection;
  selection.fold = {0, 3};
  selection.limit = 50;
  const auto whole = ids(selection);
  ASSERT_EQ(whole.size(), 50u);
  std::set<std::string> parts;
  for (int i = 0; i < 3; ++i) {
    Selection shard = selection;
    shard.shard = {i, 3};
    const auto part = ids(shard);
    EXPECT_GT(part.size(), 5u) << "a fold must not fall into one shard";
    for (const std::string& id : part) EXPECT_TRUE(parts.insert(id).second);
  }
  EXPECT_EQ(parts, std::set<std::string>(whole.begin(), whole.end()));
}

TEST_F(SelectTest, SplitsFollowTheRule) {
  std::size_t n = 0;
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    Selection selection;
    selection.split = split;
    for (const std::string& id : ids(selection)) EXPECT_EQ(split_of_object(id), split);
    n += ids(selection).size();
  }
  EXPECT_EQ(n, 400u);
}

TEST_F(SelectTest, ImpossiblePartsAreRefused) {
  Selection selection;
  selection.fold = {5, 5};
  EXPECT_HAS(error_of([&] { select(open(), selection); }), "--fold: 5/5 is no part");
  selection.fold = {0, 0};
  EXPECT_HAS(error_of([&] { select(open(), selection); }), "--fold: 0/0 is no part");
}

}  // namespace
}  // namespace firstlight
