#pragma once

#include <cstdint>
#include <optional>
#include <string>

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

/// Requests that belong to no sample, as the table `run` keeps them under `kProbesKey`.
inline constexpr const char* kProbesKey = "server_probes";
inline constexpr const char* kLeftOutKey = "server_left_out";
ServerProbes server_probes(Database& database);
std::string encode(const ServerProbes& probes);

bool has_server_answer(Database& database, const std::string& request);
std::optional<ServerTotals> server_totals(Database& database);

}  // namespace firstlight::run_detail
