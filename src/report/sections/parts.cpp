#include "sections/parts.h"

#include <fmt/format.h>

#include <cmath>

#include "html.h"

namespace firstlight::report_page {

using html::escape;

std::string number(double x, int digits) {
  return std::isfinite(x) ? fmt::format("{:.{}f}", x, digits) : "–";
}

std::string interval(const ReportEstimate& e) {
  if (!e.low || !e.high) return "";
  return fmt::format("{} to {}", number(*e.low), number(*e.high));
}

std::string percent(double fraction) { return fmt::format("{:.1f}\u00a0%", 100 * fraction); }

std::string count(std::int64_t n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

std::string cell(const std::optional<ReportEstimate>& e) {
  if (!e) return "<td class=\"number\">–</td>";
  const std::string range = interval(*e);
  return fmt::format("<td class=\"number\">{}{}</td>", number(e->value),
                     range.empty() ? "" : "<span class=\"interval\">" + range + "</span>");
}

std::string metrics_table(const std::vector<ReportMetric>& metrics, std::string_view caption) {
  if (metrics.empty()) return "";
  std::string out = fmt::format(
      "<table class=\"wide metrics\"><caption>{}</caption><thead><tr><th scope=\"col\">Metric</th>"
      "<th scope=\"col\" class=\"number\">Value</th></tr></thead><tbody>\n",
      caption);
  for (const ReportMetric& m : metrics) {
    out += fmt::format("<tr><th scope=\"row\">{}<span class=\"meaning\">{}</span></th>{}</tr>\n",
                       html::escape(m.name), html::escape(m.meaning), cell(m.estimate));
  }
  return out + "</tbody></table>\n";
}

std::string figure(std::string_view id, std::string_view kind, std::string_view attributes,
                   std::string_view title, std::string_view text, std::string_view alternative) {
  return fmt::format(
      "<figure id=\"{}\" data-kind=\"{}\"{}>\n"
      "<div class=\"plot\" role=\"img\" aria-label=\"{}. The same numbers are in the table "
      "below.\">"
      "</div>\n"
      "<div class=\"beside\"><figcaption><b>{}.</b> {}</figcaption>\n"
      "<div class=\"tools\"></div></div>\n"
      "<details><summary>Numbers of this figure</summary><div class=\"scroll\" tabindex=\"0\" "
      "role=\"region\" aria-label=\"Numbers: {}\">{}</div></details>\n</figure>\n",
      id, kind, attributes, escape(title), escape(title), text, escape(title), alternative);
}

}  // namespace firstlight::report_page
