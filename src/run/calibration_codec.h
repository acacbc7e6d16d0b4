#pragma once

#include <optional>
#include <string>

#include "firstlight/run/store.h"

namespace firstlight::run_detail {

/// The one row of the table `calibration` as JSON.
std::string encode_calibration(const RunCalibration& calibration);
/// nullopt where the text is damaged.
std::optional<RunCalibration> decode_calibration(const std::string& text);

}  // namespace firstlight::run_detail
