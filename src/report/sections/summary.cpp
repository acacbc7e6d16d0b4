#include <fmt/format.h>

#include <algorithm>

#include "html.h"
#include "sections/parts.h"
#include "sections/sections.h"

namespace firstlight::report_page {
namespace {

using html::escape;

/// The class that most samples have, with its share of them: what always giving one answer yields.
std::pair<std::string, double> commonest(const ReportData& data) {
  const auto it = std::max_element(
      data.per_class.begin(), data.per_class.end(),
      [](const ReportClass& a, const ReportClass& b) { return a.truth < b.truth; });
  if (it == data.per_class.end() || data.labelled == 0) return {"", 0.0};
  return {it->name, static_cast<double>(it->truth) / static_cast<double>(data.labelled)};
}

/// The accuracy on the axis from 0 to 1 with its interval and the commonest class for comparison.
std::string strip(const ReportData& data) {
  const ReportEstimate& a = *data.accuracy;
  const auto [name, share] = commonest(data);
  std::string out = fmt::format(
      "<div class=\"strip\" role=\"img\" aria-label=\"Accuracy {} on a scale from 0 to 1, interval "
      "{}; always answering the commonest class gives {}\"><div class=\"axis\">",
      number(a.value), interval(a), number(share));
  if (a.low && a.high) {
    out += fmt::format("<div class=\"range\" style=\"left:{:.2f}%;width:{:.2f}%\"></div>",
                       100 * *a.low, 100 * (*a.high - *a.low));
  }
  out += fmt::format(
      "<div class=\"base{}\" style=\"left:{:.2f}%\"><span>one answer for all: {}</span></div>"
      "<div class=\"point\" style=\"left:{:.2f}%\"></div></div><div class=\"ticks\">",
      share < 0.2 ? " at-start" : (share > 0.8 ? " at-end" : ""), 100 * share, number(share, 2),
      100 * a.value);
  for (int tick = 0; tick <= 10; tick += 2) {
    out += fmt::format("<span style=\"left:{}%\">{:.1f}</span>", 10 * tick, tick / 10.0);
  }
  return out + "</div></div>\n";
}

std::string plain_words(const ReportData& data) {
  const ReportEstimate& a = *data.accuracy;
  const auto [name, share] = commonest(data);
  std::string out =
      fmt::format("<p>Of {} with a known class, {} got the label that the data give: {}.",
                  count(data.labelled, "classified sample"), data.right, percent(a.value));
  if (a.low && a.high) {
    out += fmt::format(
        " If these samples are a fair draw of their kind, the accuracy on that kind lies between "
        "{} and {} ({} interval{}).",
        percent(*a.low), percent(*a.high), escape(data.interval_level),
        data.interval_method.empty() ? "" : ", " + escape(data.interval_method));
  }
  out += fmt::format(" Giving every sample the commonest class, {}, would be right for {}",
                     escape(name), percent(share));
  if (a.low && *a.low > share) {
    out += ", below that interval.</p>\n";
  } else if (a.high && *a.high < share) {
    out += ", above that interval: the labels are worse than that one answer.</p>\n";
  } else {
    out += ": on these samples alone the model cannot be told from that one answer.</p>\n";
  }
  return out;
}

std::string descriptions(const ReportData& data) {
  if (data.descriptions.empty()) return "";
  std::string out =
      "<details><summary>Classes as described to the model</summary>"
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Class descriptions\">"
      "<table><thead><tr><th scope=\"col\">Key</th><th scope=\"col\">Name</th>"
      "<th scope=\"col\">Description</th></tr></thead><tbody>\n";
  for (const ReportDescription& d : data.descriptions) {
    out += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"text\">{}</td></tr>\n",
                       escape(d.key), escape(d.name), escape(d.description));
  }
  out += "</tbody></table></div></details>\n";
  if (!data.task_text.empty()) {
    out += "<details><summary>The task file</summary><pre tabindex=\"0\">" +
           escape(data.task_text) + "</pre></details>\n";
  }
  return out;
}

std::string counts_line(const ReportData& data) {
  std::string out = count(data.n, "sample");
  out += data.failed > 0 ? fmt::format(", {} of them failed", data.failed) : ", none failed";
  if (data.labelled > 0 && data.labelled < data.classified) {
    out += fmt::format(", {} with a known class", data.labelled);
  }
  return out;
}

}  // namespace

std::string summary(const ReportData& data) {
  std::string out;
  if (data.accuracy && data.labelled > 0) {
    out += fmt::format(
        "<div class=\"headline\"><p class=\"figure-of-merit\"><strong>{:.1f}&nbsp;%</strong>"
        "<span>accuracy<br>{}</span></p>\n<div>{}{}</div></div>\n",
        100 * data.accuracy->value, counts_line(data), plain_words(data), strip(data));
  } else {
    out += fmt::format(
        "<div class=\"headline\"><p class=\"figure-of-merit\"><strong>{}</strong>"
        "<span>{} classified<br>{}</span></p>\n<div><p>The data give no class for these samples, "
        "so nothing here says how often the labels are right. What can be seen is how the labels "
        "are spread, how sure the model was, and the pictures themselves, the least certain "
        "first.</p></div></div>\n",
        data.classified, data.classified == 1 ? "sample" : "samples", counts_line(data));
  }
  for (const std::string& notice : data.notices) {
    out += "<p class=\"notice\">" + escape(notice) + "</p>\n";
  }
  return out +
         metrics_table(data.metrics,
                       fmt::format("Metrics, with {} intervals where they are defined.",
                                   escape(data.interval_level))) +
         descriptions(data);
}

std::string free_text(const ReportData& data) {
  return fmt::format(
             "<p>The model also wrote free text about {}, without being held to the "
             "answers. The label of a text is the answer that it is, or begins with.</p>\n",
             count(data.free_texts, "sample")) +
         metrics_table(data.free_text,
                       fmt::format("Free text beside the scores, with {} intervals.",
                                   escape(data.interval_level)));
}

std::string labels_section(const ReportData& data) {
  std::string table =
      "<table><thead><tr><th scope=\"col\">Class</th><th scope=\"col\" class=\"number\">Samples "
      "with "
      "this label</th><th scope=\"col\" class=\"number\">Share</th></tr></thead><tbody>";
  for (std::size_t k = 0; k < data.label_counts.size(); ++k) {
    table += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td "
        "class=\"number\">{}</td></tr>",
        escape(data.classes[k]), data.label_counts[k],
        data.classified > 0 ? percent(static_cast<double>(data.label_counts[k]) /
                                      static_cast<double>(data.classified))
                            : "–");
  }
  table += "</tbody></table>";
  return figure("labels-given", "labels", " class=\"broad\"", "Labels given",
                fmt::format("How many of the {} got each label.",
                            count(data.classified, "classified sample")),
                table);
}

}  // namespace firstlight::report_page
