#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>

#include "firstlight/base/error.h"
#include "firstlight/report/report.h"
#include "html.h"
#include "sample_report.h"

namespace firstlight {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The content of the element that starts with `open` and ends with `close`.
std::string between(const std::string& text, const std::string& open, const std::string& close) {
  const std::size_t a = text.find(open);
  if (a == std::string::npos) return "";
  const std::size_t b = text.find(close, a + open.size());
  return text.substr(a + open.size(), b - a - open.size());
}

nlohmann::json embedded_data(const std::string& page) {
  return nlohmann::json::parse(
      between(page, "<script type=\"application/json\" id=\"report-data\">", "</script>"));
}

/// A strict reading of the page's markup: every element that needs an end has it, in order; no id
/// occurs twice; every reference to an id finds it. Returns what is wrong, or nothing.
std::string markup_fault(const std::string& page) {
  const std::set<std::string> lone = {"meta", "input", "br", "img", "link", "hr", "!DOCTYPE"};
  std::vector<std::string> open;
  std::set<std::string> ids;
  std::vector<std::string> references;
  const std::regex id_form(R"( id="([^"]*)\")");
  const std::regex reference_form(R"re( (?:href="#|aria-labelledby="|for=")([^"]*)")re");
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at)) {
    std::size_t end = at + 1;
    for (char quote = 0; end < page.size() && (quote != 0 || page[end] != '>'); ++end) {
      if (quote == 0 && page[end] == '"')
        quote = '"';
      else if (page[end] == quote)
        quote = 0;
    }
    if (end == page.size()) return "a tag without end";
    const std::string tag = page.substr(at + 1, end - at - 1);
    at = end + 1;
    const bool closes = tag[0] == '/';
    const std::string name =
        tag.substr(closes ? 1 : 0, tag.find_first_of(" \n", 1) - (closes ? 1 : 0));
    if (!std::regex_match(name, std::regex("!?[A-Za-z][A-Za-z0-9]*"))) return "a stray <" + tag;
    if (closes) {
      if (open.empty() || open.back() != name) {
        return "</" + name + "> inside <" + (open.empty() ? "" : open.back()) + ">";
      }
      open.pop_back();
      continue;
    }
    std::smatch match;
    if (std::regex_search(tag, match, id_form) && !ids.insert(match[1]).second) {
      return "id " + match[1].str() + " occurs twice";
    }
    if (std::regex_search(tag, match, reference_form)) references.push_back(match[1]);
    if (lone.count(name) > 0) continue;
    if (name == "script" || name == "style") {
      at = page.find("</" + name + ">", at);
      if (at == std::string::npos) return "<" + name + "> without end";
    }
    open.push_back(name);
  }
  if (!open.empty()) return "<" + open.back() + "> is not closed";
  for (const std::string& r : references) {
    // The dialog's title is made when it opens.
    if (ids.count(r) == 0 && r != "viewer-title") return "nothing has the id " + r;
  }
  return "";
}

TEST(ReportPage, MarkupIsWellFormed) {
  EXPECT_EQ(markup_fault(render_report(sample_report(40))), "");
  EXPECT_EQ(markup_fault(render_report(unlabelled_report(40))), "");
  EXPECT_EQ(markup_fault(render_report(ReportData{})), "");
  EXPECT_NE(markup_fault("<p><b></p></b>"), "") << "the check itself must be able to fail";
  EXPECT_NE(markup_fault("<p id=\"a\"></p><p id=\"a\"></p>"), "");
}

TEST(ReportPage, HoldsEverySectionOfALabelledRun) {
  const std::string page = render_report(sample_report(40));
  for (const char* id : {"summary", "confusion", "classes", "selection", "confidence",
                         "calibration", "gallery", "failures", "provenance"}) {
    EXPECT_TRUE(contains(page, std::string("<section id=\"") + id + "\"")) << id;
  }
  for (const char* id : {"matrix-1-count", "matrix-1-recall", "matrix-1-precision",
                         "matrix-2-count", "roc", "reliability", "confidence-histogram",
                         "against-1-efficiency", "against-2-purity", "reliability-calibrated"}) {
    EXPECT_TRUE(contains(page, std::string("<figure id=\"") + id + "\"")) << id;
  }
  EXPECT_TRUE(contains(page, "Merged: elongated"));
  EXPECT_TRUE(contains(page, "Background nutau_cc"));
  EXPECT_TRUE(contains(page, "field &lt;3&gt;"));
  EXPECT_TRUE(contains(page, "fitted on 90 samples"));
  EXPECT_TRUE(contains(page, "Clopper-Pearson"));
  EXPECT_TRUE(contains(page, "galaxies/galaxy_b.png: truncated PNG"));
}

TEST(ReportPage, AnUnlabelledRunHasNoMetrics) {
  const std::string page = render_report(unlabelled_report(40));
  EXPECT_FALSE(contains(page, "<section id=\"confusion\""));
  EXPECT_FALSE(contains(page, "id=\"roc\""));
  EXPECT_FALSE(contains(page, "id=\"filter-truth\""));
  EXPECT_TRUE(contains(page, "<figure id=\"labels-given\""));
  EXPECT_TRUE(contains(page, "<figure id=\"confidence-histogram\""));
  EXPECT_TRUE(contains(page, "<section id=\"gallery\""));
  EXPECT_TRUE(contains(page, "The data give no class"));
}

TEST(ReportPage, NumbersOfAMatrixAreInItsTable) {
  ReportData d = sample_report(8);
  d.confusion = {{"All classes", {"a", "b"}, {{3, 1}, {0, 4}}, {}}};
  const std::string page = render_report(d);
  const std::string counts = between(page, "<figure id=\"matrix-1-count\"", "</figure>");
  EXPECT_TRUE(contains(counts, "3 (0.75)")) << counts;
  EXPECT_TRUE(contains(counts, "1 (0.25)"));
  EXPECT_TRUE(contains(between(page, "<figure id=\"matrix-1-precision\"", "</figure>"), ">0.80<"));
}

TEST(ReportPage, SaysWhetherOneAnswerForAllDoesAsWell) {
  ReportData d = sample_report(40);
  d.accuracy = ReportEstimate{0.8, 0.6, 0.9};
  EXPECT_TRUE(contains(render_report(d), "below that interval"));
  d.accuracy = ReportEstimate{0.3, 0.2, 0.5};
  EXPECT_TRUE(contains(render_report(d), "cannot be told from"));
  d.accuracy = ReportEstimate{0.1, 0.05, 0.2};
  EXPECT_TRUE(contains(render_report(d), "worse than that one answer"));
}

TEST(ReportPage, TextOfTheRunStaysText) {
  const std::string evil =
      "</script><script>alert('x')</script>\"><img src=x onerror=\"y\"> {{data}} &lt;";
  ReportData d = sample_report(4);
  d.title = d.subtitle = d.model = d.data = d.interval_method = d.interval_level = evil;
  for (auto& name : d.classes) name = evil;
  for (auto& g : d.confusion) {
    g.title = evil;
    for (auto& name : g.classes) name = evil;
  }
  for (auto& k : d.per_class) k.name = evil;
  d.notices = {evil};
  for (auto& m : d.metrics) m.name = m.meaning = evil;
  for (auto& s : d.gallery) {
    s.id = s.origin = s.explanation = evil;
    s.metadata = {{evil, evil}};
    s.pictures[0].view = evil;
  }
  for (auto& f : d.failures) f.id = f.origin = f.error = evil;
  d.provenance = {{evil, {{evil, evil}}}};
  for (const bool labelled : {true, false}) {
    if (!labelled) d.labelled = 0;
    const std::string page = render_report(d);
    EXPECT_EQ(markup_fault(page), "");
    EXPECT_FALSE(contains(page, "<script>alert"));
    EXPECT_FALSE(contains(page, "<img"));
    EXPECT_EQ(embedded_data(page)["gallery"][0]["id"], evil);
    EXPECT_EQ(embedded_data(page)["classes"][0], evil);
  }
}

TEST(ReportPage, LoadsNothingAndRunsItsOwnScriptsOnly) {
  const std::string page = render_report(sample_report(4));
  const std::string policy =
      between(page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
  EXPECT_TRUE(contains(policy, "default-src 'none'"));
  EXPECT_FALSE(contains(policy, "script-src 'unsafe-inline'"));
  EXPECT_FALSE(contains(policy, "http"));
  int scripts = 0;
  for (std::size_t at = page.find("<script>"); at != std::string::npos;
       at = page.find("<script>", at + 1), ++scripts) {
    const std::size_t begin = at + 8;
    EXPECT_TRUE(contains(
        policy, html::csp_hash(page.substr(begin, page.find("</script>", begin) - begin))));
  }
  EXPECT_EQ(scripts, 3);
  EXPECT_TRUE(contains(policy, html::csp_hash(between(page, "<style>", "</style>"))));
  EXPECT_FALSE(contains(page, " src=\""));
  EXPECT_FALSE(contains(page, "<link"));
}

TEST(ReportPage, PicturesAreInTheFile) {
  const ReportData d = sample_report(4);
  const auto data = embedded_data(render_report(d));
  EXPECT_EQ(data["gallery"].size(), 4u);
  EXPECT_EQ(data["gallery"][2]["pictures"][0]["uri"],
            html::data_uri("image/png", d.gallery[2].pictures[0].bytes));
  EXPECT_EQ(data["gallery"][2]["truth"], 2);
}

TEST(ReportPage, RefusesSizesThatDisagree) {
  ReportData d = sample_report(4);
  d.gallery[1].probabilities.pop_back();
  EXPECT_THROW(render_report(d), Error);
  d = sample_report(4);
  d.gallery[0].label = 4;
  EXPECT_THROW(render_report(d), Error);
  d = sample_report(4);
  d.confusion[0].counts[1].pop_back();
  EXPECT_THROW(render_report(d), Error);
}

}  // namespace
}  // namespace firstlight
