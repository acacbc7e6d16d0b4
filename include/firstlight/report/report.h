#pragma once

#include <string>

#include "firstlight/report/report_data.h"

namespace firstlight {

/// The report as one self-contained HTML page: no network access (enforced by its content security
/// policy), no other file. Works from file://. Safe from any thread. Throws Error::usage where
/// sizes in `data` disagree (for instance a sample with more probabilities than classes).
std::string render_report(const ReportData& data);

}  // namespace firstlight
