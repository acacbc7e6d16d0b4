#pragma once

#include <string>
#include <vector>

#include "firstlight/report/report_data.h"

/// The parts of the report page that are plain HTML: headings, tables, the frames of the figures.
namespace firstlight::report_page {

struct Section {
  std::string id;
  std::string title;
  std::string body;  ///< HTML
};

std::string heading(const ReportData& data);

// The body of each section.
std::string summary(const ReportData& data);
std::string labels_section(const ReportData& data);
std::string confusion(const ReportData& data);
std::string classes(const ReportData& data);
std::string selection(const ReportData& data);
std::string confidence(const ReportData& data);
std::string calibration(const ReportData& data);
std::string free_text(const ReportData& data);
std::string gallery(const ReportData& data);
std::string failures(const ReportData& data);
std::string provenance(const ReportData& data);

/// The sections that `data` calls for, in order.
std::vector<Section> sections(const ReportData& data);

}  // namespace firstlight::report_page
