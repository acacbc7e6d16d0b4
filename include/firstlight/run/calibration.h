#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "firstlight/run/prediction.h"
#include "firstlight/run/store.h"
#include "firstlight/score/calibration.h"

namespace firstlight {

/// Fits a calibration and conformal sets on the labelled samples of `run`. Throws Error::input
/// where it has none, and as fit_calibration.
RunCalibration calibrate_run(const RunStore& run, const Interpretation& interpretation,
                             CalibrationMethod method, double coverage);

/// Keeps `calibration`, fitted on `fitted`, in the run folder `folder`, in place of an earlier one.
/// Throws Error::usage where the two runs differ in model, task or pixel settings, or hold samples
/// of the same id (a calibration is for samples that it was not fitted on), and Error::conflict
/// where another process writes the run.
void apply_calibration(const RunCalibration& calibration, const RunStore& fitted,
                       const std::string& folder);

}  // namespace firstlight
