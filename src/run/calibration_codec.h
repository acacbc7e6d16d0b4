#pragma once

#include <optional>
#include <string>

#include "database.h"
#include "firstlight/run/store.h"

namespace firstlight::run_detail {

/// The one row of the table `calibration` as JSON.
std::string encode_calibration(const RunCalibration& calibration);
/// nullopt where the text is damaged.
std::optional<RunCalibration> decode_calibration(const std::string& text);

/// Puts it into the table, in place of an earlier one; within the caller's transaction.
void write_calibration(Database& database, const RunCalibration& calibration);

}  // namespace firstlight::run_detail
