#pragma once

#include "firstlight/report/report_data.h"

namespace firstlight {

/// A report on `n` samples of four classes with right and wrong labels, pictures, failures and
/// merged classes; the same every time.
ReportData sample_report(int n);
/// The same without truth.
ReportData unlabelled_report(int n);

}  // namespace firstlight
