#include "sections/sections.h"

#include <fmt/format.h>

#include "html.h"

namespace firstlight::report_page {

using html::escape;

std::string heading(const ReportData& data) {
  std::string out = "<h1>" + escape(data.title) + "</h1>\n";
  if (!data.subtitle.empty()) out += "<p class=\"lede\">" + escape(data.subtitle) + "</p>\n";
  out += fmt::format("<p class=\"subject\">Model <b>{}</b> on data <b>{}</b></p>",
                     escape(data.model), escape(data.data));
  return out;
}

std::vector<Section> sections(const ReportData& data) {
  const bool truth = data.labelled > 0;
  std::vector<Section> out;
  out.push_back({"summary", "Summary", summary(data)});
  if (truth) {
    if (!data.confusion.empty()) {
      out.push_back({"confusion", "Confusion matrices", confusion(data)});
    }
    if (!data.per_class.empty()) {
      out.push_back({"classes", "Classes", classes(data)});
      out.push_back({"selection", "Efficiency and purity", selection(data)});
    }
  } else if (!data.label_counts.empty()) {
    out.push_back({"labels", "Labels", labels_section(data)});
  }
  if (data.classified > 0 && !data.confidence.empty()) {
    out.push_back({"confidence", "Confidence", confidence(data)});
  }
  if (!data.calibration.metrics.empty()) {
    out.push_back({"calibration", "Calibration", calibration(data)});
  }
  if (!data.free_text.empty()) out.push_back({"free-text", "Free text", free_text(data)});
  if (!data.gallery.empty()) out.push_back({"gallery", "Gallery", gallery(data)});
  if (data.failures_total > 0) out.push_back({"failures", "Failures", failures(data)});
  if (!data.provenance.empty()) {
    out.push_back({"provenance", "Provenance", provenance(data)});
  }
  return out;
}

}  // namespace firstlight::report_page
