#pragma once

#include <optional>

#include "firstlight/eval/evaluation.h"
#include "firstlight/report/report_data.h"
#include "firstlight/run/prediction.h"

namespace firstlight {

/// The figure for the page; nullopt where it is not defined.
std::optional<ReportEstimate> report_estimate(const Estimate& estimate);

/// Bins of the reliability diagram that hold samples.
std::vector<ReportReliabilityBin> report_reliability(const Evaluation& evaluation);

/// Working points, significances, backgrounds and columns. `data.classes` holds the names.
void add_selection(const Evaluation& evaluation, ReportData& data);

/// What the calibration of the run changes, where it has one.
void add_calibration(const Evaluation& evaluation, const Interpretation& interpretation,
                     ReportData& data);

}  // namespace firstlight
