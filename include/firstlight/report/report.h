#pragma once

#include <string>

#include "firstlight/eval/evaluation.h"
#include "firstlight/report/overview.h"
#include "firstlight/report/report_data.h"
#include "firstlight/run/prediction.h"
#include "firstlight/run/store.h"

namespace firstlight {

/// The report as one self-contained HTML page: no network access (enforced by its content security
/// policy), no other file. Works from file://. Safe from any thread. Throws Error::usage where
/// sizes in `data` disagree (for instance a sample with more probabilities than classes).
std::string render_report(const ReportData& data);

/// Everything that the page shows of a run; metrics by evaluate(). Reads the run as a stream;
/// memory holds the labelled samples' probabilities and the pictures. Throws Error.
ReportData collect_report(const RunStore& run, const Interpretation& interpretation,
                          const EvaluationOptions& options = {},
                          const EvaluationColumns& columns = {});

}  // namespace firstlight
