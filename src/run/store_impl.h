#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "database.h"
#include "files.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/run/store.h"
#include "previews.h"

namespace firstlight {
namespace run_detail {

inline constexpr const char* kSampleColumns =
    "position, id, origin, status, error, truth, truth_class, metadata, prepared, pixels, seconds";

}  // namespace run_detail

/// An open run: its database, what was read of it once, and the statements of a writer.
struct RunStore::Impl {
  std::string folder;
  std::unique_ptr<run_detail::RunLock> lock;  // released after the database is closed
  std::unique_ptr<run_detail::Database> database;
  RunConfig config;
  Task task;
  std::vector<ColumnInfo> columns;
  std::vector<std::string> passes;
  std::uint64_t size = 0;
  std::uint64_t failed = 0;
  bool in_transaction = false;
  std::optional<run_detail::PreviewContest> contest;

  run_detail::Statement insert_sample, insert_score, insert_server, insert_text, insert_domain,
      insert_reason, insert_preview, insert_choice, delete_choice, delete_previews, insert_value,
      insert_tokens;
  std::map<std::string, std::int64_t> token_sets;  // by text

  run_detail::Statement prepare(const std::string& sql) const {
    return run_detail::Statement(*database, sql);
  }

  std::optional<std::string> value(const std::string& key) const {
    run_detail::Statement query = prepare("SELECT value FROM run WHERE key = ?");
    query.bind(std::string_view(key));
    if (!query.step()) return std::nullopt;
    return query.text(0);
  }

  std::string required(const std::string& key) const {
    if (auto found = value(key)) return *found;
    throw Error::input(database->path(), "not a complete run: '" + key + "' is missing");
  }

  void count() {
    run_detail::Statement query = prepare("SELECT count(*), count(error) FROM sample");
    query.step();
    size = static_cast<std::uint64_t>(query.integer(0));
    failed = static_cast<std::uint64_t>(query.integer(1));
  }

  void set_passes() {
    const auto found = config.settings.find("passes");
    if (found != config.settings.end()) passes = text::split(found->second, ',');
  }

  void begin() {
    if (in_transaction) return;
    database->execute("BEGIN IMMEDIATE");
    in_transaction = true;
  }

  void put(const std::string& key, const std::string& text) {
    insert_value.bind(std::string_view(key)).bind(std::string_view(text)).run();
  }

  void prepare_writing();

  /// The id of a text in token_set, which it joins if it is new.
  std::int64_t token_set(const std::string& token_ids) {
    const auto [found, is_new] =
        token_sets.emplace(token_ids, static_cast<std::int64_t>(token_sets.size()));
    if (is_new) insert_tokens.bind(found->second).bind(std::string_view(token_ids)).run();
    return found->second;
  }

  SampleRecord read_sample(const run_detail::Statement& row) const;
  /// Adds the pass in a row of kSelectScores.
  void read_score(const run_detail::Statement& row, SampleRecord& record) const;
  void sort_passes(SampleRecord& record) const;
};

}  // namespace firstlight
