#pragma once

#include <cstdint>
#include <optional>

#include "database.h"
#include "firstlight/run/store.h"

/// The table `domain` of a run with the setting domain.false_alarms: how far the pictures of a
/// sample lie from those that the model was trained on.
namespace firstlight::run_detail {

extern const char* const kDomainTable;

Statement insert_domain(Database& database);
void write_domain(Statement& insert, const SampleRecord& record);

/// Rows in order of sample: the sample and its score. Of one sample where it is given.
Statement select_domain(Database& database, std::optional<std::uint64_t> sample = {});

}  // namespace firstlight::run_detail
