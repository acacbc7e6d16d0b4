#pragma once

#include <cstdint>
#include <optional>

#include "database.h"
#include "firstlight/run/store.h"

/// The table `free_text` of a run with that setting: what the model wrote about a sample.
namespace firstlight::run_detail {

extern const char* const kFreeTextTable;

Statement insert_free_text(Database& database);
void write_free_text(Statement& insert, const Task& task, const SampleRecord& record);

/// Rows in order of sample; column 0 is the sample. Of one sample where it is given.
Statement select_free_text(Database& database, std::optional<std::uint64_t> sample = {});
/// Adds the text in the statement's row.
void read_free_text(const Statement& row, const Task& task, SampleRecord& record);

}  // namespace firstlight::run_detail
