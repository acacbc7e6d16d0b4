#include "firstlight/run/merge.h"

#include <fmt/format.h>

#include <set>

#include "firstlight/base/error.h"
#include "test_run.h"

namespace firstlight {
namespace {

RunConfig shard_config(const std::string& shard, std::size_t samples) {
  RunConfig config = config_of(samples);
  config.settings["data.ids_sha256"] = "of " + shard;
  config.settings["data.shard"] = shard;
  return config;
}

/// Shard `i` of `n` with every n-th of the samples below `total`.
std::string make_shard(const TemporaryFolder& folder, std::uint64_t i, std::uint64_t n,
                       std::uint64_t total) {
  std::vector<SampleRecord> records;
  for (std::uint64_t k = i; k < total; k += n) {
    SampleRecord record = k % 7 == 6 ? failed_record(k) : record_of(k);
    record.position = records.size();
    records.push_back(record);
  }
  const std::string path = folder.path(fmt::format("shard{}", i));
  RunStore store = RunStore::create(path, shard_config(fmt::format("{}/{}", i, n), records.size()),
                                    two_class_task(), {{"ra", Provenance::kMeasured, "deg", ""}});
  for (const SampleRecord& record : records) {
    if (!record.ok) {
      store.append(record);
      continue;
    }
    store.append(record, {{"typical", "round", static_cast<double>(record.pixels_hash % 101)}},
                 [&] {
                   return std::vector<Preview>{{"image", "jpeg of " + record.id}};
                 });
  }
  store.set_value("wall_seconds", "2.5");
  store.set_value("peak_memory_bytes", std::to_string(1000 + i));
  store.set_value("started", fmt::format("2026-01-0{}T00:00:00Z", i + 1));
  store.set_value("finished", fmt::format("2026-01-0{}T01:00:00Z", i + 1));
  store.finish();
  return path;
}

TEST(Merge, ShardsBecomeOneRun) {
  const TemporaryFolder folder;
  std::vector<std::string> shards;
  for (const std::uint64_t i : {2u, 0u, 1u}) shards.push_back(make_shard(folder, i, 3, 40));
  const RunStore merged = merge_shards(shards, folder.path("merged"));
  EXPECT_EQ(merged.size(), 40u);
  EXPECT_EQ(merged.failed(), 5u);
  EXPECT_TRUE(merged.complete());
  EXPECT_FALSE(merged.config().settings.contains("data.shard"));
  EXPECT_EQ(merged.config().settings.at("data.samples"), "40");
  EXPECT_EQ(merged.at(0)->id, "sample-0") << "shard 0 first, whatever the order of the arguments";
  EXPECT_EQ(merged.at(14)->id, "sample-1");
  std::set<std::string> ids;
  merged.for_each([&](const SampleRecord& record) {
    ids.insert(record.id);
    if (!record.ok) return;
    const SampleRecord expected = record_of(std::stoull(record.id.substr(7)));
    EXPECT_EQ(record.truth_class, expected.truth_class);
    EXPECT_EQ(record.pixels_hash, expected.pixels_hash);
    ASSERT_EQ(record.scores.size(), 2u);
    EXPECT_EQ(record.scores[0].scores.answers[1].logprobs,
              expected.scores[0].scores.answers[1].logprobs);
  });
  EXPECT_EQ(ids.size(), 40u);
  for (const auto& [position, choices] : merged.previewed()) {
    EXPECT_EQ(choices.front().kind, "typical");
    ASSERT_EQ(merged.previews(position).size(), 1u);
    EXPECT_EQ(merged.previews(position)[0].jpeg, "jpeg of " + merged.at(position)->id);
  }
  EXPECT_EQ(merged.previewed().size(), 35u);
  EXPECT_EQ(merged.value("wall_seconds"), "7.5");
  EXPECT_EQ(merged.value("peak_memory_bytes"), "1002");
  EXPECT_EQ(merged.value("started"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(merged.value("finished"), "2026-01-03T01:00:00Z");
  EXPECT_EQ(merged.value("pixels_sha256")->size(), 64u);
}

TEST(Merge, GoesOnWhereItWasInterrupted) {
  const TemporaryFolder folder;
  const std::vector<std::string> shards = {make_shard(folder, 0, 2, 30),
                                           make_shard(folder, 1, 2, 30)};
  const RunStore whole = merge_shards(shards, folder.path("whole"));
  struct Stop {};
  const auto interrupted = [&] {
    merge_shards(shards, folder.path("again"), [](const ProgressStep& step) {
      if (step.done == 20) throw Stop{};
    });
  };
  EXPECT_THROW(interrupted(), Stop);
  const RunStore again = merge_shards(shards, folder.path("again"));
  EXPECT_EQ(again.size(), 30u);
  EXPECT_EQ(again.value("pixels_sha256"), whole.value("pixels_sha256"));
  EXPECT_EQ(merge_shards(shards, folder.path("again")).size(), 30u) << "given a third time";
}

std::string error_of(const std::vector<std::string>& shards, const std::string& folder,
                     ErrorKind kind) {
  try {
    merge_shards(shards, folder);
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(kind)) << error.what();
    return error.what();
  }
  return "no error";
}

TEST(Merge, WhatDoesNotBelongTogetherIsRefused) {
  const TemporaryFolder folder;
  const std::string zero = make_shard(folder, 0, 3, 9);
  const std::string one = make_shard(folder, 1, 3, 9);
  const std::string out = folder.path("out");
  const auto has = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  has(error_of({zero, one}, out, ErrorKind::kUsage), "these shards are missing: 2/3");
  has(error_of({zero, zero, one}, out, ErrorKind::kUsage), "is shard 0/3, and so is");

  RunConfig other = shard_config("2/3", 1);
  other.settings["model.sha256"] = "another";
  RunStore store = RunStore::create(folder.path("other"), other, two_class_task(), {});
  SampleRecord record = record_of(2);
  record.position = 0;
  store.append(record);
  store.finish();
  has(error_of({zero, one, folder.path("other")}, out, ErrorKind::kConflict),
      "model.sha256: was 'abc', is 'another'");

  RunStore half =
      RunStore::create(folder.path("half"), shard_config("2/3", 2), two_class_task(), {});
  half.append(record);
  half.finish();
  has(error_of({zero, one, folder.path("half")}, out, ErrorKind::kInput),
      "is not finished: it holds 1 of 2 samples");

  RunStore plain = RunStore::create(folder.path("plain"), config_of(0), two_class_task(), {});
  plain.finish();
  has(error_of({folder.path("plain")}, out, ErrorKind::kUsage), "is no shard of a run");
  EXPECT_FALSE(std::filesystem::exists(out));
}

}  // namespace
}  // namespace firstlight
