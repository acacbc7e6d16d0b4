#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/report/report_data.h"

/// What the sections of the page share: numbers as text, cells, the frame of a figure. All return
/// HTML; only `figure` escapes its arguments, as it says.
namespace firstlight::report_page {

std::string number(double x, int digits = 3);

/// "LOW to HIGH", empty where there is no interval.
std::string interval(const ReportEstimate& e);

std::string percent(double fraction);

/// A noun with its number: "1 sample", "2 samples".
std::string count(std::int64_t n, std::string_view noun);

/// A table cell with a value and its interval.
std::string cell(const std::optional<ReportEstimate>& e);

/// A table of metrics with their meanings. The caption is HTML.
std::string metrics_table(const std::vector<ReportMetric>& metrics, std::string_view caption);

/// The frame of a figure; a script draws into it. `alternative` is a table with the same numbers.
/// The title is escaped, `text` and `alternative` are HTML.
std::string figure(std::string_view id, std::string_view kind, std::string_view attributes,
                   std::string_view title, std::string_view text, std::string_view alternative);

}  // namespace firstlight::report_page
