#include "firstlight/run/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "hashes.h"

namespace firstlight {
namespace {

constexpr const char* kShard = "data.shard";
constexpr const char* kSamples = "data.samples";
constexpr const char* kIds = "data.ids_sha256";
constexpr std::uint64_t kRowsBetweenCommits = 10'000;
constexpr std::int64_t kMaxShards = 1'000'000;

struct Shard {
  std::size_t place = 0;
  std::size_t of = 0;
  RunStore run;
};

Shard open_shard(const std::string& folder) {
  RunStore run = RunStore::open(folder);
  const auto parts = text::split(run.config().setting(kShard), '/');
  const std::int64_t place = parts.size() == 2 ? text::parse_int(parts[0]).value_or(-1) : -1;
  const std::int64_t of = parts.size() == 2 ? text::parse_int(parts[1]).value_or(-1) : -1;
  if (place < 0 || place >= of || of > kMaxShards) {
    throw Error::usage(folder, "is no shard of a run", "shards are made with --shard I/N");
  }
  if (!run.complete()) {
    throw Error::input(folder,
                       "is not finished: it holds " + std::to_string(run.size()) + " of " +
                           run.config().setting(kSamples) + " samples",
                       "give its command again, which continues it");
  }
  return {static_cast<std::size_t>(place), static_cast<std::size_t>(of), std::move(run)};
}

/// What must be the same in all shards.
RunConfig common_settings(const RunStore& run) {
  RunConfig config = run.config();
  for (const char* key : {kShard, kSamples, kIds}) config.settings.erase(key);
  return config;
}

std::vector<Shard> open_shards(const std::vector<std::string>& folders) {
  if (folders.empty()) throw Error::usage("merge", "names no run");
  std::vector<Shard> shards;
  for (const std::string& folder : folders) shards.push_back(open_shard(folder));
  const std::size_t of = shards.front().of;
  std::vector<const Shard*> found(of, nullptr);
  for (const Shard& shard : shards) {
    const std::string name = fmt::format("{}/{}", shard.place, shard.of);
    const auto different =
        differences(common_settings(shards.front().run), common_settings(shard.run));
    if (!different.empty()) {
      throw Error::conflict(shard.run.folder(), "is of another run than " +
                                                    shards.front().run.folder() + " (" +
                                                    text::join(different, ", ") + ")");
    }
    if (shard.of != of) {
      throw Error::usage(shard.run.folder(), fmt::format("is shard {}, not one of {}", name, of));
    }
    if (found[shard.place] != nullptr) {
      throw Error::usage(shard.run.folder(),
                         "is shard " + name + ", and so is " + found[shard.place]->run.folder());
    }
    found[shard.place] = &shard;
  }
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < of; ++i) {
    if (found[i] == nullptr) missing.push_back(fmt::format("{}/{}", i, of));
  }
  if (!missing.empty()) {
    throw Error::usage("merge", "these shards are missing: " + text::join(missing, ", "));
  }
  std::sort(shards.begin(), shards.end(),
            [](const Shard& a, const Shard& b) { return a.place < b.place; });
  return shards;
}

RunConfig merged_config(const std::vector<Shard>& shards) {
  RunConfig config = common_settings(shards.front().run);
  run_detail::IdsHash ids;
  std::uint64_t samples = 0;
  for (const Shard& shard : shards) {
    samples += shard.run.size();
    shard.run.for_each([&](const SampleRecord& record) { ids.add(record.id, record.truth); });
  }
  config.settings[kSamples] = std::to_string(samples);
  config.settings[kIds] = ids.hex();
  return config;
}

double number(const RunStore& run, const std::string& key) {
  return text::parse_double(run.value(key).value_or("0")).value_or(0.0);
}

void write_facts(const std::vector<Shard>& shards, RunStore& merged) {
  double seconds = 0;
  double peak = 0;
  std::optional<std::string> started;
  std::optional<std::string> finished;
  for (const Shard& shard : shards) {
    seconds += number(shard.run, "wall_seconds");
    peak = std::max(peak, number(shard.run, "peak_memory_bytes"));
    // Times are written so that their texts sort as they do.
    if (const auto at = shard.run.value("started"); at && (!started || *at < *started)) {
      started = at;
    }
    if (const auto at = shard.run.value("finished"); at && (!finished || *at > *finished)) {
      finished = at;
    }
  }
  for (const Shard& shard : shards) {
    const auto totals = shard.run.server_totals();
    if (!totals) continue;
    merged.add_server_left_out(totals->left_out);
    merged.add_server_probes(shard.run.server_probes());
  }
  merged.set_value("wall_seconds", fmt::format("{}", seconds));
  merged.set_value("peak_memory_bytes", fmt::format("{:.0f}", peak));
  if (started) merged.set_value("started", *started);
  if (finished) merged.set_value("finished", *finished);
}

void write_merged(const std::vector<Shard>& shards, const std::string& folder,
                  const ProgressSink& progress) {
  const RunConfig config = merged_config(shards);
  const RunStore& first = shards.front().run;
  std::vector<ColumnInfo> columns;
  for (const Shard& shard : shards) {
    for (const ColumnInfo& column : shard.run.columns()) {
      const auto same = [&](const ColumnInfo& other) { return other.name == column.name; };
      if (std::none_of(columns.begin(), columns.end(), same)) columns.push_back(column);
    }
  }
  RunStore merged = RunStore::create(folder, config, first.task(), columns);
  const std::uint64_t total = *text::parse_int(config.settings.at(kSamples));
  std::uint64_t position = 0;
  for (const Shard& shard : shards) {
    const auto chosen = shard.run.previewed();
    shard.run.for_each([&](const SampleRecord& record) {
      if (position++ < merged.size()) return;  // written before an interruption
      const std::uint64_t there = record.position;
      SampleRecord moved = record;
      moved.position = merged.size();
      const auto choices = chosen.find(there);
      merged.append(moved, choices == chosen.end() ? std::vector<PreviewChoice>() : choices->second,
                    [&] { return shard.run.previews(there); });
      if (merged.size() % kRowsBetweenCommits == 0) merged.commit();
      if (progress) progress({merged.size(), total, merged.failed()});
    });
  }
  write_facts(shards, merged);
  merged.set_value("pixels_sha256", run_detail::pixels_sha256(merged));
  merged.finish();
}

}  // namespace

RunStore merge_shards(const std::vector<std::string>& folders, const std::string& folder,
                      const ProgressSink& progress) {
  write_merged(open_shards(folders), folder, progress);
  return RunStore::open(folder);
}

}  // namespace firstlight
