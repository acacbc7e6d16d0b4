#include "firstlight/report/figure.h"

#include <gtest/gtest.h>

#include <pugixml.hpp>

#include "../run/test_run.h"

namespace firstlight {
namespace {

/// The text elements of a picture, in order.
std::vector<std::string> texts(const std::string& svg) {
  pugi::xml_document document;
  EXPECT_TRUE(document.load_string(svg.c_str())) << svg;
  std::vector<std::string> found;
  for (const auto& node : document.select_nodes("//text")) {
    found.push_back(node.node().child_value());
  }
  return found;
}

Evaluation evaluation() {
  Evaluation e;
  e.classes = {"smooth_round", "edge_on"};
  e.confusion = {{30, 10}, {5, 0}};  // [truth][predicted]
  return e;
}

TEST(ConfusionSvg, PredictedIsOnYAndFractionsAreOfTheTrueClass) {
  const auto found = texts(confusion_svg(evaluation(), "Title", {"a line"}, {"a note"}));
  const std::vector<std::string> expected = {
      "Title", "a line",
      // Row "predicted smooth round": 30 of 40 round ones, 5 of 5 edge-on ones.
      "30", "(0.75)", "5", "(1.00)", "smooth round", "smooth round", "10", "(0.25)", "0", "(0.00)",
      "edge on", "edge on", "true class", "predicted class", "a note"};
  EXPECT_EQ(found, expected);
}

TEST(ConfusionSvg, TextIsEscaped) {
  const std::string svg =
      confusion_svg(evaluation(), "</title><script>alert(1)</script>", {"<b>"}, {"\x1b&"});
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(svg.find("<b>"), std::string::npos);
  EXPECT_EQ(texts(svg).front(), "</title><script>alert(1)</script>");
}

TEST(FigureNotes, SaySimulatedAndWhichKindOfAnswer) {
  const TemporaryFolder folder;
  RunConfig config = config_of(2);
  config.settings["data.spec"] = "sim:lsbg?n=2";
  RunStore run = RunStore::create(folder.path("run"), config, two_class_task(), {});
  SampleRecord record = record_of(0);
  record.scores[0].scores.kind = ScoreKind::kTop20;
  run.append(record);
  run.append(failed_record(1));
  run.finish();
  const auto notes = figure_notes(run);
  ASSERT_EQ(notes.size(), 3u);
  EXPECT_EQ(notes[0], "Simulated images (sim:lsbg?n=2), no observation.");
  EXPECT_EQ(notes[1], "Labels by kind of answer: 1 top20.");
  EXPECT_EQ(notes[2], "1 samples failed.");
}

}  // namespace
}  // namespace firstlight
