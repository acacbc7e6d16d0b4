#include <fmt/format.h>

#include "html.h"
#include "sections/parts.h"
#include "sections/sections.h"

namespace firstlight::report_page {
namespace {

using html::escape;

/// Value with both intervals: "0.912", then 68.27 % and the wider one below.
std::string two_intervals(const std::optional<ReportEstimate>& e) {
  if (!e) return "<td class=\"number\">–</td>";
  std::string out = "<td class=\"number\">" + number(e->value);
  if (e->low_one_sigma && e->high_one_sigma) {
    out += fmt::format("<span class=\"interval\">{} to {}</span>", number(*e->low_one_sigma),
                       number(*e->high_one_sigma));
  }
  const std::string wide = interval(*e);
  if (!wide.empty()) out += "<span class=\"interval\">" + wide + "</span>";
  return out + "</td>";
}

std::string heads(const std::vector<std::string>& names, std::size_t texts = 1) {
  std::string out = "<thead><tr>";
  for (std::size_t i = 0; i < names.size(); ++i) {
    out +=
        fmt::format("<th scope=\"col\"{}>{}</th>", i < texts ? "" : " class=\"number\"", names[i]);
  }
  return out + "</tr></thead><tbody>\n";
}

std::string table(const std::string& label, const std::string& caption, const std::string& head,
                  const std::string& rows) {
  return fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">"
      "<table class=\"wide\"><caption><span>{}</span></caption>{}{}</tbody></table></div>\n",
      label, caption, head, rows);
}

std::string plain(double x) { return fmt::format("<td class=\"number\">{:.6g}</td>", x); }

std::string labels_table(const ReportData& data) {
  std::string rows;
  for (const ReportClass& k : data.per_class) {
    rows +=
        fmt::format("<tr><th scope=\"row\">{}</th>{}{}{}</tr>\n", escape(k.name),
                    two_intervals(k.recall), two_intervals(k.precision), two_intervals(k.product));
  }
  return table("Efficiency and purity",
               fmt::format("Efficiency and purity of the labels. Below each value its 68.27 % "
                           "interval, and below that the one of {}.",
                           escape(data.interval_level)),
               heads({"Class", "Efficiency", "Purity", "Efficiency × purity"}), rows);
}

std::string working_points(const ReportData& data) {
  if (data.working_points.empty()) return "";
  std::string rows;
  for (const ReportWorkingPoint& p : data.working_points) {
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"number\">{:g}</td><td "
        "class=\"number\">{}</td>{}{}{}</tr>\n",
        escape(p.name), p.allowed_background, p.threshold ? number(*p.threshold, 4) : "–",
        two_intervals(p.efficiency), two_intervals(p.background), two_intervals(p.purity));
  }
  return "<h3>Working points</h3>\n" +
         table("Working points",
               "The loosest cut on the probability of a class that accepts at most the given "
               "fraction of the other classes, chosen on these samples.",
               heads({"Class", "Background at most", "Threshold", "Efficiency", "Background kept",
                      "Purity"}),
               rows);
}

std::string significance(const ReportData& data) {
  if (data.significance.empty()) return "";
  std::string rows;
  for (const ReportSignificance& s : data.significance) {
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td>{}{}{}</tr>\n", escape(s.name),
                        escape(s.selection), plain(s.signal), plain(s.background), cell(s.value));
  }
  return "<h3>Signal and background</h3>\n" +
         table("Signal and background",
               fmt::format("Each class as the signal S, everything else as the background B, with "
                           "event weights and an exposure of {:g}: by the label, and by the "
                           "threshold that makes S / √(S + B) largest on these samples.",
                           data.exposure),
               heads({"Class", "Selected by", "S", "B", "S / √(S + B)"}, 2), rows);
}

std::string background(const ReportData& data, const ReportBackground& b) {
  std::string rows;
  for (std::size_t k = 0; k < b.counts.size(); ++k) {
    rows += fmt::format("<tr><th scope=\"row\">{}</th>{}{}<td class=\"number\">{}</td></tr>\n",
                        escape(data.classes[k]), plain(b.counts[k]), two_intervals(b.fractions[k]),
                        number(b.mean_probability[k]));
  }
  return fmt::format("<h3>Background {}</h3>\n", escape(b.name)) +
         table("Background " + escape(b.name),
               fmt::format("{:g} samples of a class that the model cannot name. They are in no "
                           "accuracy; they count in B above.",
                           b.n),
               heads({"Label", "Samples", "Fraction", "Mean probability"}), rows);
}

std::string against_table(const ReportData& data, const ReportAgainst& column, bool efficiency) {
  std::vector<std::string> names = {"Bin", "Samples"};
  for (const std::string& name : data.classes) names.push_back(escape(name));
  std::string out = "<table>" + heads(names);
  for (const ReportAgainstBin& bin : column.bins) {
    out += fmt::format("<tr><th scope=\"row\">{}</th>{}", escape(bin.name), plain(bin.count));
    for (const auto& e : efficiency ? bin.efficiency : bin.purity) out += two_intervals(e);
    out += "</tr>";
  }
  return out + "</tbody></table>";
}

std::string against(const ReportData& data, std::size_t place) {
  const ReportAgainst& column = data.against[place];
  const std::string name =
      column.unit.empty() ? column.column : column.column + " [" + column.unit + "]";
  std::string text = "Points: bins, with 68.27 % intervals.";
  if (column.missing > 0)
    text += fmt::format(" {} without a value.", count(column.missing, "sample"));
  if (column.outside > 0) {
    text += fmt::format(" {} outside of the bins.", count(column.outside, "sample"));
  }
  const auto one = [&](bool efficiency) {
    return figure(fmt::format("against-{}-{}", place + 1, efficiency ? "efficiency" : "purity"),
                  "against",
                  fmt::format(" data-column=\"{}\" data-measure=\"{}\"", place,
                              efficiency ? "efficiency" : "purity"),
                  fmt::format("{} against {}", efficiency ? "Efficiency" : "Purity", name), text,
                  against_table(data, column, efficiency));
  };
  return fmt::format("<h3>Against {}</h3>\n<div class=\"figures pair\">\n", escape(name)) +
         one(true) + one(false) + "</div>\n";
}

}  // namespace

std::string selection(const ReportData& data) {
  std::string out = labels_table(data);
  for (std::size_t i = 0; i < data.against.size(); ++i) out += against(data, i);
  out += working_points(data) + significance(data);
  for (const ReportBackground& b : data.backgrounds) out += background(data, b);
  return out;
}

std::string calibration(const ReportData& data) {
  const ReportCalibration& c = data.calibration;
  std::string rows;
  for (const ReportCalibration::Metric& m : c.metrics) {
    rows += fmt::format("<tr><th scope=\"row\">{}</th>{}{}</tr>\n", escape(m.name), cell(m.before),
                        cell(m.after));
  }
  std::string out =
      "<p>Confidence was fitted to the fraction right on other samples: " + escape(c.text) +
      ".</p>\n";
  out += table("Calibration",
               fmt::format("Probabilities as they are and calibrated, with {} intervals.",
                           escape(data.interval_level)),
               heads({"Metric", "As it is", "Calibrated"}), rows);
  if (c.covered) {
    out += fmt::format("<p>Conformal sets for a coverage of {:g}: {} of them hold the truth{}",
                       c.coverage, percent(c.covered->value),
                       c.covered->low && c.covered->high
                           ? fmt::format(" ({} interval {} to {})", escape(data.interval_level),
                                         percent(*c.covered->low), percent(*c.covered->high))
                           : "");
    if (c.single) out += fmt::format(", {} are of one class", percent(c.single->value));
    if (c.set_size)
      out += fmt::format(", and a set has {} classes on average", number(c.set_size->value, 2));
    out += ".</p>\n";
  }
  if (c.reliability.empty()) return out;
  std::string alternative =
      "<table>" + heads({"Bin of confidence", "Samples", "Mean confidence", "Fraction right"});
  for (const ReportReliabilityBin& b : c.reliability) {
    alternative += fmt::format(
        "<tr><th scope=\"row\">{} to {}</th><td class=\"number\">{}</td>"
        "<td class=\"number\">{}</td>{}</tr>",
        number(b.low, 2), number(b.high, 2), b.count, number(b.confidence), cell(b.right));
  }
  return out + figure("reliability-calibrated", "reliability", " data-source=\"calibrated\"",
                      "Reliability, calibrated",
                      "As the reliability diagram above, with calibrated probabilities.",
                      alternative + "</tbody></table>");
}

}  // namespace firstlight::report_page
