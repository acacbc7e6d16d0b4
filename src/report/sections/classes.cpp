#include <fmt/format.h>

#include "html.h"
#include "sections/parts.h"
#include "sections/sections.h"

namespace firstlight::report_page {
namespace {

using html::escape;

/// Rows of a class in the table below the ROC curves, which are drawn with every point.
constexpr std::size_t kRocRows = 60;

}  // namespace

std::string classes(const ReportData& data) {
  std::string out = fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Classes\">"
      "<table class=\"wide\"><caption><span>Each class against the rest, with {} intervals."
      "</span></caption>"
      "<thead><tr><th scope=\"col\">Class</th><th scope=\"col\" class=\"number\">True</th>"
      "<th scope=\"col\" class=\"number\">Predicted</th><th scope=\"col\" "
      "class=\"number\">Precision"
      "</th><th scope=\"col\" class=\"number\">Recall</th><th scope=\"col\" "
      "class=\"number\">F1</th>"
      "<th scope=\"col\" class=\"number\">AUC</th></tr></thead><tbody>\n",
      escape(data.interval_level));
  bool curves = false;
  std::string table =
      "<table><thead><tr><th scope=\"col\">Class</th><th scope=\"col\" class=\"number\">False "
      "positive rate</th><th scope=\"col\" class=\"number\">True positive rate</th></tr></thead>"
      "<tbody>";
  for (const ReportClass& k : data.per_class) {
    out += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"number\">{}</td>"
        "{}{}{}{}</tr>\n",
        escape(k.name), k.truth, k.predicted, cell(k.precision), cell(k.recall), cell(k.f1),
        cell(k.auc));
    curves = curves || !k.roc.empty();
    const std::size_t step = 1 + k.roc.size() / kRocRows;
    for (std::size_t i = 0; i < k.roc.size(); i += step) {
      const auto& [fpr, tpr] = k.roc[i];
      table += fmt::format(
          "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td>"
          "<td class=\"number\">{}</td></tr>",
          escape(k.name), number(fpr), number(tpr));
    }
  }
  out += "</tbody></table></div>\n";
  if (!curves) return out;
  return out +
         figure("roc", "roc", "", "Receiver operating characteristic",
                "Each class against the rest, as the threshold on its probability falls from "
                "1 to 0. The dotted line is a coin. Rings are the working points of the table "
                "under Efficiency and purity.",
                table + "</tbody></table>");
}

std::string confidence(const ReportData& data) {
  std::string out;
  if (!data.reliability.empty()) {
    std::string table =
        "<table><thead><tr><th scope=\"col\">Bin of confidence</th><th scope=\"col\" "
        "class=\"number\">Samples</th><th scope=\"col\" class=\"number\">Mean confidence</th>"
        "<th scope=\"col\" class=\"number\">Fraction right</th></tr></thead><tbody>";
    for (const ReportReliabilityBin& b : data.reliability) {
      table += fmt::format(
          "<tr><th scope=\"row\">{} to {}</th><td class=\"number\">{}</td>"
          "<td class=\"number\">{}</td>{}</tr>",
          number(b.low, 2), number(b.high, 2), b.count, number(b.confidence), cell(b.right));
    }
    std::string text =
        "Fraction of right labels against the mean confidence, in bins of confidence. On the "
        "dotted "
        "line a confidence of 0.8 is right four times in five; below it the model is too sure. "
        "Lines and band: " +
        escape(data.interval_level) + " interval of each bin; larger points hold more samples.";
    if (data.ece) {
      const std::string range = interval(*data.ece);
      text += " Expected calibration error " + number(data.ece->value) +
              (range.empty() ? "" : " (" + range + ")") + ".";
    }
    out +=
        figure("reliability", "reliability", "", "Reliability", text, table + "</tbody></table>");
  }
  const bool truth = data.labelled > 0;
  std::string table = "<table><thead><tr><th scope=\"col\">Confidence</th>";
  table += truth ? "<th scope=\"col\" class=\"number\">Right</th><th scope=\"col\" "
                   "class=\"number\">Wrong</th>"
                 : "";
  table += "<th scope=\"col\" class=\"number\">Truth unknown</th></tr></thead><tbody>";
  for (const ReportConfidenceBin& b : data.confidence) {
    table +=
        fmt::format("<tr><th scope=\"row\">{} to {}</th>", number(b.low, 2), number(b.high, 2));
    if (truth) {
      table +=
          fmt::format("<td class=\"number\">{}</td><td class=\"number\">{}</td>", b.right, b.wrong);
    }
    table += fmt::format("<td class=\"number\">{}</td></tr>", b.unknown);
  }
  return out + figure("confidence-histogram", "confidence", " class=\"broad\"", "Confidence",
                      truth
                          ? "How sure the model was of the labels that are right and of those that "
                            "are wrong. The confidence is the highest of a sample's probabilities."
                          : "How sure the model was. The confidence is the highest of a sample's "
                            "probabilities.",
                      table + "</tbody></table>");
}

}  // namespace firstlight::report_page
