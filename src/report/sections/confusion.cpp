#include <fmt/format.h>

#include "html.h"
#include "sections/parts.h"
#include "sections/sections.h"

namespace firstlight::report_page {
namespace {

using html::escape;

/// Classes of the largest matrix that stands beside another one.
constexpr std::size_t kSmallMatrix = 8;

/// Classes of the largest matrix with room for two numbers in a cell (figures.js: `crowded`).
constexpr std::size_t kBracketed = 12;

std::string matrix_table(const ReportConfusion& group, std::string_view norm) {
  const std::size_t n = group.classes.size();
  std::string out =
      "<table><caption>Rows: true class. Columns: predicted class.</caption><thead><tr>"
      "<th scope=\"col\">True class</th>";
  for (const std::string& name : group.classes) {
    out += "<th scope=\"col\" class=\"number\">" + escape(name) + "</th>";
  }
  out += "<th scope=\"col\" class=\"number\">All</th></tr></thead><tbody>";
  std::vector<std::int64_t> by_truth(n, 0);
  std::vector<std::int64_t> by_label(n, 0);
  for (std::size_t t = 0; t < n; ++t) {
    for (std::size_t p = 0; p < n; ++p) {
      by_truth[t] += group.counts[t][p];
      by_label[p] += group.counts[t][p];
    }
  }
  for (std::size_t t = 0; t < n; ++t) {
    out += "<tr><th scope=\"row\">" + escape(group.classes[t]) + "</th>";
    for (std::size_t p = 0; p < n; ++p) {
      const std::int64_t whole = norm == "precision" ? by_label[p] : by_truth[t];
      const std::string share =
          whole > 0
              ? number(static_cast<double>(group.counts[t][p]) / static_cast<double>(whole), 2)
              : "–";
      out += norm == "count"
                 ? fmt::format("<td class=\"number\">{} ({})</td>", group.counts[t][p], share)
                 : fmt::format("<td class=\"number\">{}</td>", share);
    }
    out += fmt::format("<td class=\"number\">{}</td></tr>", by_truth[t]);
  }
  out += "<tr><th scope=\"row\">All</th>";
  std::int64_t all = 0;
  for (const std::int64_t labelled : by_label) {
    out += fmt::format("<td class=\"number\">{}</td>", labelled);
    all += labelled;
  }
  return out + fmt::format("<td class=\"number\">{}</td></tr></tbody></table>", all);
}

}  // namespace

std::string confusion(const ReportData& data) {
  std::string out =
      "<div class=\"controls\"><fieldset class=\"segments\"><legend>Orientation of the "
      "matrices</legend>"
      "<label><input type=\"radio\" name=\"orientation\" value=\"truth-x\" checked><span>Truth on "
      "x</span></label>"
      "<label><input type=\"radio\" name=\"orientation\" value=\"truth-y\"><span>Truth in "
      "rows</span></label></fieldset></div>\n";
  for (std::size_t g = 0; g < data.confusion.size(); ++g) {
    const ReportConfusion& group = data.confusion[g];
    // Large matrices take the whole width.
    const bool many = group.classes.size() > kSmallMatrix;
    const auto matrix = [&](std::string_view norm, std::string_view title, std::string_view text) {
      return figure(fmt::format("matrix-{}-{}", g + 1, norm), "matrix",
                    fmt::format(" data-group=\"{}\" data-norm=\"{}\"{}", g, norm,
                                many ? " class=\"broad\"" : ""),
                    title, text, matrix_table(group, norm));
    };
    if (data.confusion.size() > 1) {
      out += "<h3>" + escape(group.title) + "</h3>\n";
      if (g > 0 && group.accuracy) {
        out += fmt::format(
            "<p>Counted so, {} of the labels are right{}.</p>\n", percent(group.accuracy->value),
            group.accuracy->low && group.accuracy->high
                ? fmt::format(" ({} interval {} to {})", escape(data.interval_level),
                              percent(*group.accuracy->low), percent(*group.accuracy->high))
                : "");
      }
    }
    const std::string suffix = g == 0 ? "" : ", " + group.title;
    out +=
        matrix("count", "Confusion matrix" + suffix,
               group.classes.size() > kBracketed
                   ? "Number of samples; colour shows the fraction of the true class."
                   : "Number of samples, with the fraction of the true class in brackets; colour "
                     "shows that fraction.");
    out += many ? "<div class=\"figures\">\n" : "<div class=\"figures pair\">\n";
    out +=
        matrix("recall", "Recall matrix" + suffix,
               "Normalised by truth: the numbers of each true class add up to 1. The diagonal is "
               "the recall (efficiency).");
    out += matrix("precision", "Precision matrix" + suffix,
                  "Normalised by prediction: the numbers of each predicted class add up to 1. The "
                  "diagonal is the precision (purity) at the class mixture of these samples.");
    out += "</div>\n";
  }
  return out;
}

}  // namespace firstlight::report_page
