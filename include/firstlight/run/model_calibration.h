#pragma once

#include <map>
#include <string>

#include "firstlight/run/store.h"

namespace firstlight {

/// The file in a model's folder, beside the weights: JSON, a calibration for each kind of run.
inline constexpr const char* kCalibrationFile = "calibration.json";

/// Keeps `calibration`, fitted on `run`, in the folder of the model that made the run, in place of
/// an earlier one for the same task, passes and normalisation; those for other weights are dropped.
/// Returns the file. Throws Error::usage where the model is on a server or its folder has other
/// weights by now, Error::input for a damaged file, and Error::internal where it cannot be written.
std::string keep_with_model(const RunCalibration& calibration, const RunStore& run);

/// The calibration that a model brings for runs of these settings (RunConfig::settings): one that
/// was fitted with the same weights, task, preparation of the pictures, passes and normalisation.
/// Its `run` is the data that it was fitted on. Throws Error::usage, naming what the model has,
/// where it brings none for them, and Error::input for a damaged file.
RunCalibration model_calibration(const std::map<std::string, std::string>& settings);

}  // namespace firstlight
