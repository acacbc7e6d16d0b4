// No object that a model is tested on, under whatever name, may be one that a model is trained on.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "csv.h"
#include "firstlight/base/text.h"
#include "firstlight/data/duplicates.h"
#include "testing.h"

namespace firstlight {
namespace {

using testing::shared_data;

std::map<std::string, Split> galaxy_splits() {
  const std::string path = std::string(FIRSTLIGHT_TEST_DIR) + "/../models/splits/galaxies.csv";
  const CsvTable table(text::read_file(path), path);
  std::map<std::string, Split> splits;
  for (std::size_t i = 0; i < table.size(); ++i) {
    splits[table.field(i, 0)] = parse_split(table.field(i, 1));
  }
  return splits;
}

TEST(SplitLists, FollowTheRuleOrAreStricter) {
  std::size_t stricter = 0;
  for (const auto& [id, split] : galaxy_splits()) {
    EXPECT_GE(split, split_of_object(id)) << id;
    stricter += split == split_of_object(id) ? 0 : 1;
  }
  EXPECT_LE(stricter, 5u) << "near-duplicates under other names are rare";
}

TEST(SplitLists, ExamplesAreTestObjects) {
  const auto splits = galaxy_splits();
  const auto examples =
      open_data_source(std::string(FIRSTLIGHT_TEST_DIR) + "/../examples/galaxies/labels.csv");
  EXPECT_EQ(examples->size(), 24u);
  std::map<std::string, int> per_class;
  for (std::size_t i = 0; i < examples->size(); ++i) {
    EXPECT_EQ(splits.at(examples->id(i)), Split::kTest) << examples->id(i);
    EXPECT_TRUE(examples->load(i).ok());
    ++per_class[*examples->truth(i)];
  }
  for (const auto& [name, count] : per_class) EXPECT_EQ(count, 6) << name;
}

TEST(Examples, SimulatedOnesHaveTruth) {
  for (const char* name : {"simulated-galaxies", "simulated-lsbg"}) {
    const auto source = open_data_source(std::string(FIRSTLIGHT_TEST_DIR) + "/../examples/" + name);
    EXPECT_EQ(source->size(), 12u);
    for (std::size_t i = 0; i < source->size(); ++i) {
      EXPECT_TRUE(source->truth(i).has_value());
      EXPECT_TRUE(source->load(i).ok());
    }
    for (const ColumnInfo& column : source->columns()) {
      EXPECT_EQ(column.provenance, Provenance::kTruth) << column.name;
    }
  }
}

/// The samples of a catalogue whose object is in one of `wanted`.
std::unique_ptr<SampleSource> part(const TemporaryFolder& folder, const std::string& set,
                                   const std::map<std::string, Split>& splits, bool test) {
  const std::string list = shared_data(set + "/labels.csv");
  const CsvTable table(text::read_file(list), list);
  const std::string base = std::filesystem::canonical(shared_data(set)).string();
  std::string rows = "file,object_id\n";
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto fields = table.fields(i);
    if ((splits.at(fields[2]) == Split::kTest) != test) continue;
    rows += base + "/" + fields[0] + "," + fields[2] + "\n";
  }
  return open_data_source(folder.write(set + (test ? "-test.csv" : "-rest.csv"), rows));
}

TEST(SplitLists, TestGalaxiesAreNotAmongTheOthers) {
  if (!std::filesystem::exists(shared_data("galaxy-gz1/labels.csv"))) {
    GTEST_SKIP() << "no ../shared/data/galaxy-gz1 here";
  }
  const auto splits = galaxy_splits();
  const TemporaryFolder folder;
  const auto test = part(folder, "galaxy-sdss", splits, true);
  const auto rest = part(folder, "galaxy-sdss", splits, false);
  const auto gz1 = part(folder, "galaxy-gz1", splits, false);
  EXPECT_GE(test->size(), 120u);
  DuplicateOptions options;
  options.within_sets = false;
  const std::vector<const SampleSource*> sets = {test.get(), rest.get(), gz1.get()};
  for (const Duplicate& pair : find_duplicates(sets, options).pairs) {
    // The same object in both training sets is as it should be.
    EXPECT_NE(pair.a.set, 0u) << sets[0]->id(pair.a.index) << " is also "
                              << sets[pair.b.set]->id(pair.b.index);
  }
}

}  // namespace
}  // namespace firstlight
