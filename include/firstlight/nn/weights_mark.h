#pragma once

#include <string>

namespace firstlight::nn {

/// A mark of a folder's weights, for files beside them that hold for no others: their sizes, and
/// bytes from all over them, so that gigabytes need not be read.
std::string mark_of_weights(const std::string& folder);

/// Whether `mark`, as the file at `path` has it, is that of the folder's weights; where not, a
/// warning says that the file is left alone, and by what to write it again.
bool is_for_weights(const std::string& mark, const std::string& folder, const std::string& path,
                    const std::string& again);

/// The name of the file of calibrations beside the weights (run/model_calibration.h), which is
/// fitted to the scores and decides none of them.
inline constexpr const char* kCalibrationFile = "calibration.json";

}  // namespace firstlight::nn
