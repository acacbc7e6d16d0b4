#pragma once

#include <cstdint>
#include <optional>

#include "database.h"
#include "firstlight/run/store.h"

/// The table `server_answer` of a run: what a hosted model's server said of a sample in a pass.
namespace firstlight::run_detail {

extern const char* const kServerAnswerTable;

Statement insert_server_answer(Database& database);
void write_server_answers(Statement& insert, const SampleRecord& record);

/// Rows in order of sample and pass; column 0 is the sample. Of one sample where it is given.
Statement select_server_answers(Database& database, std::optional<std::uint64_t> sample = {});
/// Adds the answer in the statement's row.
void read_server_answer(const Statement& row, SampleRecord& record);

bool has_server_answer(Database& database, const std::string& request);
std::optional<ServerTotals> server_totals(Database& database);

}  // namespace firstlight::run_detail
