#include <fmt/format.h>

#include "html.h"
#include "sections/parts.h"
#include "sections/sections.h"

namespace firstlight::report_page {
namespace {

using html::escape;

std::string class_filter(const ReportData& data, std::string_view id, std::string_view title) {
  std::string out =
      fmt::format("<label>{}<select id=\"{}\"><option value=\"\">Any</option>", title, id);
  for (std::size_t k = 0; k < data.classes.size(); ++k) {
    out += fmt::format("<option value=\"{}\">{}</option>", k, escape(data.classes[k]));
  }
  return out + "</select></label>\n";
}

}  // namespace

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

}  // namespace firstlight::report_page
