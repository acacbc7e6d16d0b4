#pragma once

#include <cstdint>
#include <optional>

#include "database.h"
#include "firstlight/run/store.h"

/// The table `explanation` of a run with the setting `reasons`: the reason for a label.
namespace firstlight::run_detail {

extern const char* const kExplanationTable;

Statement insert_explanation(Database& database);
void write_explanation(Statement& insert, const SampleRecord& record);

/// Rows in order of sample: column 0 is the sample, 1 the text. Of one sample where it is given.
Statement select_explanation(Database& database, std::optional<std::uint64_t> sample = {});

}  // namespace firstlight::run_detail
