#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "firstlight/base/error.h"
#include "firstlight/base/paths.h"
#include "firstlight/report/report.h"
#include "html.h"
#include "sections/sections.h"

namespace firstlight {
namespace assets {
extern const std::string_view page;
extern const std::string_view style;
extern const std::string_view theme_script;
extern const std::string_view figures_script;
extern const std::string_view gallery_script;
extern const std::string_view chart_library;
}  // namespace assets

namespace {

using nlohmann::json;

json optional(const std::optional<double>& x) { return x && std::isfinite(*x) ? json(*x) : json(); }

json sample_json(const ReportSample& s) {
  json pictures = json::array();
  for (const ReportPicture& p : s.pictures) {
    pictures.push_back({{"view", p.view}, {"uri", html::data_uri(p.media_type, p.bytes)}});
  }
  // Four decimals are what the page can show.
  json probabilities = json::array();
  for (const double p : s.probabilities) probabilities.push_back(std::round(p * 1e4) / 1e4);
  json metadata = json::array();
  for (const auto& [name, text] : s.metadata) metadata.push_back(json::array({name, text}));
  return {{"id", s.id},
          {"origin", s.origin},
          {"truth", s.truth ? json(*s.truth) : json()},
          {"label", s.label},
          {"p", std::move(probabilities)},
          {"explanation", s.explanation},
          {"pictures", std::move(pictures)},
          {"metadata", std::move(metadata)}};
}

json reliability_json(const std::vector<ReportReliabilityBin>& bins) {
  json out = json::array();
  for (const ReportReliabilityBin& b : bins) {
    out.push_back({{"low", b.low},
                   {"high", b.high},
                   {"count", b.count},
                   {"confidence", b.confidence},
                   {"right", b.right.value},
                   {"low_right", optional(b.right.low)},
                   {"high_right", optional(b.right.high)}});
  }
  return out;
}

json against_json(const ReportAgainst& column) {
  const auto list = [](const std::vector<std::optional<ReportEstimate>>& estimates) {
    json out = json::array();
    for (const auto& e : estimates) {
      out.push_back(e ? json{{"value", e->value},
                             {"low", optional(e->low_one_sigma)},
                             {"high", optional(e->high_one_sigma)}}
                      : json());
    }
    return out;
  };
  json bins = json::array();
  for (const ReportAgainstBin& b : column.bins) {
    bins.push_back({{"name", b.name},
                    {"low", b.low},
                    {"high", b.high},
                    {"count", b.count},
                    {"efficiency", list(b.efficiency)},
                    {"purity", list(b.purity)}});
  }
  return {{"column", column.column},
          {"unit", column.unit},
          {"texts", column.texts},
          {"bins", std::move(bins)}};
}

/// What the scripts draw from.
json script_data(const ReportData& data) {
  json out = {{"title", data.title}, {"classes", data.classes}};
  out["confusion"] = json::array();
  for (const ReportConfusion& g : data.confusion) {
    out["confusion"].push_back({{"title", g.title}, {"classes", g.classes}, {"counts", g.counts}});
  }
  out["per_class"] = json::array();
  for (const ReportClass& k : data.per_class) {
    json points = json::array();
    for (const ReportWorkingPoint& p : data.working_points) {
      if (p.name != k.name || !p.efficiency || !p.background) continue;
      points.push_back({p.background->value, p.efficiency->value});
    }
    out["per_class"].push_back({{"name", k.name},
                                {"auc", k.auc ? json(k.auc->value) : json()},
                                {"roc", k.roc},
                                {"points", std::move(points)}});
  }
  out["reliability"] = reliability_json(data.reliability);
  out["calibrated"] = reliability_json(data.calibration.reliability);
  out["against"] = json::array();
  for (const ReportAgainst& column : data.against) out["against"].push_back(against_json(column));
  out["confidence"] = json::array();
  for (const ReportConfidenceBin& b : data.confidence) {
    out["confidence"].push_back({{"low", b.low},
                                 {"high", b.high},
                                 {"right", b.right},
                                 {"wrong", b.wrong},
                                 {"unknown", b.unknown}});
  }
  out["label_counts"] = data.label_counts;
  out["gallery"] = json::array();
  for (const ReportSample& s : data.gallery) out["gallery"].push_back(sample_json(s));
  return out;
}

void check(const ReportData& data) {
  const auto refuse = [](std::string_view what) { throw Error::usage("report", what); };
  const std::size_t k = data.classes.size();
  for (const ReportConfusion& g : data.confusion) {
    if (g.counts.size() != g.classes.size()) refuse("a confusion matrix is not square");
    for (const auto& row : g.counts) {
      if (row.size() != g.classes.size()) refuse("a confusion matrix is not square");
    }
  }
  for (const ReportBackground& b : data.backgrounds) {
    if (b.counts.size() != k || b.fractions.size() != k || b.mean_probability.size() != k) {
      refuse("background '" + b.name + "' does not fit the classes");
    }
  }
  for (const ReportAgainst& column : data.against) {
    if (column.bins.empty()) refuse("column '" + column.column + "' has no bins");
    for (const ReportAgainstBin& bin : column.bins) {
      if (bin.efficiency.size() != k || bin.purity.size() != k) {
        refuse("column '" + column.column + "' does not fit the classes");
      }
    }
  }
  if (!data.label_counts.empty() && data.label_counts.size() != k) {
    refuse("the label counts do not fit the classes");
  }
  for (const ReportSample& s : data.gallery) {
    const auto is_class = [&](int c) { return c >= 0 && static_cast<std::size_t>(c) < k; };
    if (s.probabilities.size() != k || !is_class(s.label) || (s.truth && !is_class(*s.truth))) {
      refuse("sample '" + s.id + "' of the gallery does not fit the classes");
    }
  }
}

}  // namespace

std::string render_report(const ReportData& data) {
  check(data);
  std::string contents;
  std::string body;
  for (const report_page::Section& s : report_page::sections(data)) {
    contents += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", s.id, s.title);
    body += fmt::format(
        "<section id=\"{}\" aria-labelledby=\"{}-title\">\n"
        "<h2 id=\"{}-title\">{}</h2>\n{}</section>\n",
        s.id, s.id, s.id, s.title, s.body);
  }
  std::string script(assets::figures_script);
  script += assets::gallery_script;
  // Only the page's own scripts run, and nothing is fetched. Style attributes are needed for the
  // lengths of bars and by the chart library.
  const std::string policy = fmt::format(
      "default-src 'none'; script-src {} {} {}; style-src-elem {}; style-src-attr 'unsafe-inline'; "
      "img-src data: blob:; base-uri 'none'; form-action 'none'",
      html::csp_hash(assets::theme_script), html::csp_hash(assets::chart_library),
      html::csp_hash(script), html::csp_hash(assets::style));
  const std::string title = html::escape(data.title) + " · Firstlight report";
  const std::string generator = "Firstlight " + html::escape(version());
  const std::string head = report_page::heading(data);
  const std::string embedded = html::script_json(script_data(data));
  return html::fill(assets::page, {{"csp", policy},
                                   {"generator", generator},
                                   {"title", title},
                                   {"style", assets::style},
                                   {"theme_script", assets::theme_script},
                                   {"heading", head},
                                   {"contents", contents},
                                   {"sections", body},
                                   {"data", embedded},
                                   {"chart_library", assets::chart_library},
                                   {"script", script}});
}

}  // namespace firstlight
