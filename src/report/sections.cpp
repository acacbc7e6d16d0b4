#include "sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "html.h"

namespace firstlight::report_page {
namespace {

using html::escape;

/// Classes of the largest matrix that stands beside another one.
constexpr std::size_t kSmallMatrix = 8;

/// Classes of the largest matrix with room for two numbers in a cell (figures.js: `crowded`).
constexpr std::size_t kBracketed = 12;

/// Rows of a class in the table below the ROC curves, which are drawn with every point.
constexpr std::size_t kRocRows = 60;

std::string number(double x, int digits = 3) {
  return std::isfinite(x) ? fmt::format("{:.{}f}", x, digits) : "–";
}

std::string interval(const ReportEstimate& e) {
  if (!e.low || !e.high) return "";
  return fmt::format("{} to {}", number(*e.low), number(*e.high));
}

std::string percent(double fraction) { return fmt::format("{:.1f}\u00a0%", 100 * fraction); }

/// A noun with its number: "1 sample", "2 samples".
std::string count(std::int64_t n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

std::string cell(const std::optional<ReportEstimate>& e) {
  if (!e) return "<td class=\"number\">–</td>";
  const std::string range = interval(*e);
  return fmt::format("<td class=\"number\">{}{}</td>", number(e->value),
                     range.empty() ? "" : "<span class=\"interval\">" + range + "</span>");
}

/// The frame of a figure; a script draws into it. `alternative` is a table with the same numbers.
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

// ---- summary ---------------------------------------------------------------------------------

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

std::string metrics_table(const ReportData& data) {
  if (data.metrics.empty()) return "";
  std::string out = fmt::format(
      "<table class=\"wide metrics\"><caption>Metrics, with {} intervals where they are "
      "defined.</caption><thead><tr><th scope=\"col\">Metric</th>"
      "<th scope=\"col\" class=\"number\">Value</th></tr></thead><tbody>\n",
      escape(data.interval_level));
  for (const ReportMetric& m : data.metrics) {
    out += fmt::format("<tr><th scope=\"row\">{}<span class=\"meaning\">{}</span></th>{}</tr>\n",
                       escape(m.name), escape(m.meaning), cell(m.estimate));
  }
  return out + "</tbody></table>\n";
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
  return out + metrics_table(data) + descriptions(data);
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

// ---- confusion -------------------------------------------------------------------------------

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

// ---- classes ---------------------------------------------------------------------------------

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
  return out + figure("roc", "roc", "", "Receiver operating characteristic",
                      "Each class against the rest, as the threshold on its probability falls from "
                      "1 to 0. The dotted line is a coin.",
                      table + "</tbody></table>");
}

// ---- confidence ------------------------------------------------------------------------------

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

// ---- gallery, failures, provenance --------------------------------------------------------------

std::string class_filter(const ReportData& data, std::string_view id, std::string_view title) {
  std::string out =
      fmt::format("<label>{}<select id=\"{}\"><option value=\"\">Any</option>", title, id);
  for (std::size_t k = 0; k < data.classes.size(); ++k) {
    out += fmt::format("<option value=\"{}\">{}</option>", k, escape(data.classes[k]));
  }
  return out + "</select></label>\n";
}

std::string gallery(const ReportData& data) {
  const bool truth = data.labelled > 0;
  const bool all = static_cast<std::int64_t>(data.gallery.size()) >= data.classified;
  std::string out = fmt::format(
      "<p>{} {}, {}, each picture as the model saw it. {}The bars are the probabilities of the "
      "classes in the task's order{}. Arrow keys move from picture to picture, Enter opens "
      "one.</p>\n<div class=\"controls\">\n",
      all ? "All" : fmt::format("{} of the", data.gallery.size()),
      count(data.classified, "classified sample"),
      truth ? "by true class, the most confident errors first"
            : "by label, the least certain first",
      all     ? ""
      : truth ? "Confident errors were kept on purpose, others at random: the share of errors here "
                "means nothing. "
              : "Uncertain samples were kept on purpose, others at random. ",
      truth ? "; a stroke at the right end marks the true one" : "");
  if (truth) {
    out += class_filter(data, "filter-truth", "True class");
    out += class_filter(data, "filter-label", "Label");
    out +=
        "<fieldset class=\"segments\"><legend>Outcome</legend>"
        "<label><input type=\"radio\" name=\"outcome\" value=\"all\" "
        "checked><span>All</span></label>"
        "<label><input type=\"radio\" name=\"outcome\" value=\"wrong\"><span>Wrong</span></label>"
        "<label><input type=\"radio\" name=\"outcome\" value=\"right\"><span>Right</span></label>"
        "</fieldset>\n";
  } else {
    out += class_filter(data, "filter-label", "Label");
  }
  out += "<label>Order<select id=\"gallery-order\">";
  if (truth) out += "<option value=\"errors\">Confident errors first</option>";
  out +=
      "<option value=\"unsure\">Least certain first</option>"
      "<option value=\"sure\">Most certain first</option>"
      "<option value=\"id\">By identifier</option></select></label>\n</div>\n"
      "<p id=\"gallery-count\" class=\"unseen\" role=\"status\"></p>\n"
      "<div id=\"gallery-cards\"></div>\n";
  return out;
}

std::string failures(const ReportData& data) {
  std::string out = fmt::format(
      "<p>{} could not be classified and {} left out of every figure above.{}</p>\n"
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Failures\">"
      "<table class=\"wide\"><thead><tr><th scope=\"col\">Sample</th><th scope=\"col\">Origin</th>"
      "<th scope=\"col\">Cause</th></tr></thead><tbody>\n",
      count(data.failures_total, "sample"), data.failures_total == 1 ? "is" : "are",
      static_cast<std::int64_t>(data.failures.size()) < data.failures_total
          ? fmt::format(" The first {} are listed; an export of the run has them all.",
                        data.failures.size())
          : "");
  for (const ReportFailure& f : data.failures) {
    out += fmt::format(
        "<tr><th scope=\"row\"><bdi>{}</bdi></th><td class=\"text\"><bdi>{}</bdi></td>"
        "<td class=\"text\"><bdi>{}</bdi></td></tr>\n",
        escape(f.id), escape(f.origin), escape(f.error));
  }
  return out + "</tbody></table></div>\n";
}

std::string provenance(const ReportData& data) {
  std::string out;
  for (const ReportFacts& group : data.provenance) {
    out += "<h3>" + escape(group.title) + "</h3>\n<dl class=\"facts\">\n";
    for (const auto& [name, value] : group.rows) {
      out += "<div><dt>" + escape(name) + "</dt><dd>" + escape(value) + "</dd></div>\n";
    }
    out += "</dl>\n";
  }
  return out;
}

}  // namespace

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
    if (!data.per_class.empty()) out.push_back({"classes", "Classes", classes(data)});
  } else if (!data.label_counts.empty()) {
    out.push_back({"labels", "Labels", labels_section(data)});
  }
  if (data.classified > 0 && !data.confidence.empty()) {
    out.push_back({"confidence", "Confidence", confidence(data)});
  }
  if (!data.gallery.empty()) out.push_back({"gallery", "Gallery", gallery(data)});
  if (data.failures_total > 0) out.push_back({"failures", "Failures", failures(data)});
  if (!data.provenance.empty()) {
    out.push_back({"provenance", "Provenance", provenance(data)});
  }
  return out;
}

}  // namespace firstlight::report_page
