#pragma once

#include <string>

#include "firstlight/run/config.h"
#include "firstlight/run/store.h"

namespace firstlight {

/// Keeps `calibration`, fitted on `run`, in the folder of the model that made the run
/// (nn::kCalibrationFile: JSON, a calibration for each kind of run), in place of
/// an earlier one for the same task, passes and normalisation; those for other weights are dropped.
/// Returns the file. Throws Error::usage where the model is on a server or its folder has other
/// weights by now, Error::input for a damaged file, and Error::internal where it cannot be written.
std::string keep_with_model(const RunCalibration& calibration, const RunStore& run);

/// The calibration that a model brings for runs of this configuration: one that was fitted with the
/// same weights, task, preparation of the pictures, passes and normalisation. Its `run` is the data
/// that it was fitted on. Throws Error::usage, naming what the model has, where it brings none for
/// them, and Error::input for a damaged file.
RunCalibration model_calibration(const RunConfig& config);

}  // namespace firstlight
