#include <gtest/gtest.h>

#include "firstlight/run/merge.h"
#include "firstlight/run/store.h"
#include "test_run.h"

namespace firstlight {
namespace {

RunConfig config_with_text(std::size_t samples) {
  RunConfig config = config_of(samples);
  config.settings["free_text"] = "200";
  return config;
}

SampleRecord record_with_text(std::uint64_t position) {
  SampleRecord record = record_of(position);
  record.free_text = {"Flat. It has a disk", 7, true, ClassId{1}};
  return record;
}

TEST(FreeText, IsKeptBesideTheScores) {
  const TemporaryFolder folder;
  {
    RunStore store =
        RunStore::create(folder.path("run"), config_with_text(3), two_class_task(), {});
    store.append(record_with_text(0));
    store.append(failed_record(1));
    SampleRecord unparsed = record_of(2);
    unparsed.free_text = {"A picture \xE2\x80\x94 of a galaxy", 200, false, std::nullopt};
    store.append(unparsed);
    store.finish();
  }
  const RunStore run = RunStore::open(folder.path("run"));
  std::vector<std::optional<FreeText>> read;
  run.for_each([&](const SampleRecord& record) { read.push_back(record.free_text); });
  ASSERT_EQ(read.size(), 3u);
  EXPECT_EQ(read[0], record_with_text(0).free_text);
  EXPECT_EQ(read[1], std::nullopt);
  EXPECT_EQ(read[2]->label, std::nullopt);
  EXPECT_FALSE(read[2]->ended);
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(run.at(i)->free_text, read[i]);
}

TEST(FreeText, ARunWithoutItHasNoTable) {
  const TemporaryFolder folder;
  RunStore::create(folder.path("run"), config_of(1), two_class_task(), {}).append(record_of(0));
  const RunStore run = RunStore::open(folder.path("run"));
  EXPECT_FALSE(run.config().settings.contains("free_text"));
  run.for_each([](const SampleRecord& record) { EXPECT_EQ(record.free_text, std::nullopt); });
}

TEST(FreeText, ShardsKeepTheirsWhenTheyAreMerged) {
  const TemporaryFolder folder;
  std::vector<std::string> shards;
  for (const std::string shard : {"0", "1"}) {
    RunConfig config = config_with_text(2);
    config.settings["data.shard"] = shard + "/2";
    shards.push_back(folder.path("shard-" + shard));
    RunStore store = RunStore::create(shards.back(), config, two_class_task(), {});
    for (std::uint64_t i = 0; i < 2; ++i) {
      SampleRecord record = record_with_text(i);
      record.id = shard + "-" + record.id;
      record.free_text->text += " of " + record.id;
      store.append(record);
    }
    store.finish();
  }
  const RunStore merged = merge_shards(shards, folder.path("merged"));
  EXPECT_EQ(merged.config().settings.at("free_text"), "200");
  std::size_t texts = 0;
  merged.for_each([&](const SampleRecord& record) {
    ASSERT_TRUE(record.free_text);
    EXPECT_EQ(record.free_text->text, "Flat. It has a disk of " + record.id);
    ++texts;
  });
  EXPECT_EQ(texts, 4u);
}

}  // namespace
}  // namespace firstlight
