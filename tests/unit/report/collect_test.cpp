#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "firstlight/base/hash.h"
#include "firstlight/image/codec.h"
#include "firstlight/report/report.h"
#include "firstlight/task/task.h"
#include "unit/run/test_run.h"

namespace firstlight {
namespace {

/// Three classes, of which two are merged.
Task three_class_task() {
  Task task = parse_task(R"(
name: shapes
version: "1"
description: Shapes of galaxies
classes:
  - {key: smooth_round, name: round galaxy, description: A round one.}
  - {key: smooth_cigar, name: cigar, description: A long one.}
  - {key: edge_on, name: edge-on disk, description: A flat one.}
prompt: "{image} Which of these is it? {classes}"
merges:
  - {name: elongated, classes: [smooth_cigar, edge_on]}
)",
                         "test");
  return task;
}

std::string preview() {
  Image image{4, 4, 3, std::vector<std::uint8_t>(48, 90)};
  return encode_jpeg(image, 80);
}

/// A sample whose answers have the probabilities `p`.
SampleRecord sample(std::uint64_t position, std::optional<int> truth, std::vector<double> p) {
  SampleRecord record;
  record.position = position;
  record.id = "g" + std::to_string(position);
  record.origin = "images/" + record.id + ".png";
  if (truth) {
    record.truth = std::to_string(*truth);
    record.truth_class = ClassId{*truth};
  }
  record.metadata = {{"redshift", 0.05, Provenance::kMeasured}};
  record.prepared = {{"image", {{"stretch", "none"}}}};
  record.seconds = 0.5;
  LabelScores scores;
  for (std::size_t c = 0; c < p.size(); ++c) {
    scores.answers.push_back({{static_cast<std::int32_t>(c), 2}, {std::log(p[c]), 0.0}});
  }
  record.scores = {{"main", scores}};
  return record;
}

class CollectReport : public testing::Test {
 protected:
  RunStore store(std::size_t samples) {
    RunConfig config = config_of(samples);
    config.settings["passes"] = "main";
    config.settings["model.name"] = "tiny";
    config.settings["data.spec"] = "folder:x";
    return RunStore::create(folder_.path("run"), config, three_class_task(),
                            {{"redshift", Provenance::kMeasured, "z", "Redshift"}});
  }
  static void add(RunStore& run, const SampleRecord& record) {
    run.append(record, {{"typical", "smooth_round", 0.0}}, [] {
      return std::vector<Preview>{{"image", preview()}};
    });
  }
  static ReportData collect(const RunStore& run) {
    EvaluationOptions options;
    options.resamples = 20;
    return collect_report(run, interpretation_of(run), options);
  }

  TemporaryFolder folder_;
};

TEST_F(CollectReport, CountsWhatTheRunHolds) {
  RunStore run = store(6);
  add(run, sample(0, 0, {0.9, 0.05, 0.05}));
  add(run, sample(1, 1, {0.1, 0.3, 0.6}));    // wrong, but right once cigar and edge-on are one
  add(run, sample(2, 2, {0.72, 0.08, 0.2}));  // wrong
  add(run, sample(3, std::nullopt, {0.2, 0.46, 0.34}));
  run.append(failed_record(4));
  add(run, sample(5, 2, {0.1, 0.1, 0.8}));
  run.set_value("wall_seconds", "3");
  run.finish();

  const ReportData d = collect(run);
  EXPECT_EQ(d.title, "shapes");
  EXPECT_EQ(d.model, "tiny");
  EXPECT_EQ(d.n, 6);
  EXPECT_EQ(d.classified, 5);
  EXPECT_EQ(d.failed, 1);
  EXPECT_EQ(d.labelled, 4);
  EXPECT_EQ(d.right, 2);
  ASSERT_TRUE(d.accuracy);
  EXPECT_DOUBLE_EQ(d.accuracy->value, 0.5);
  // Clopper-Pearson for 2 of 4.
  EXPECT_NEAR(*d.accuracy->low, 0.0676, 1e-4);
  EXPECT_NEAR(*d.accuracy->high, 0.9324, 1e-4);
  EXPECT_EQ(d.interval_method, "Clopper-Pearson");

  EXPECT_EQ(d.classes, (std::vector<std::string>{"smooth round", "smooth cigar", "edge on"}));
  ASSERT_EQ(d.confusion.size(), 2u);
  EXPECT_EQ(d.confusion[0].counts,
            (std::vector<std::vector<std::int64_t>>{{1, 0, 0}, {0, 0, 1}, {1, 0, 1}}));
  EXPECT_EQ(d.confusion[1].title, "Merged: elongated");
  EXPECT_DOUBLE_EQ(d.confusion[1].accuracy->value, 0.75);
  EXPECT_EQ(d.label_counts, (std::vector<std::int64_t>{2, 1, 2}));
  EXPECT_FALSE(d.per_class[1].precision) << "cigar was never predicted with truth known";

  // 0.72 lies in the bin from 0.70 to 0.75.
  EXPECT_EQ(d.confidence[14].wrong, 1);
  EXPECT_EQ(d.confidence[9].unknown, 1);
  EXPECT_EQ(d.confidence[18].right + d.confidence[17].right, 1);

  ASSERT_EQ(d.gallery.size(), 5u);
  EXPECT_EQ(d.gallery[2].truth, 2);
  EXPECT_EQ(d.gallery[2].label, 0);
  EXPECT_NEAR(d.gallery[2].probabilities[0], 0.72, 1e-7);
  EXPECT_EQ(d.gallery[2].pictures.at(0).bytes, preview());
  EXPECT_EQ(d.gallery[2].metadata.at(0).first, "redshift [z]");
  EXPECT_EQ(d.gallery[2].metadata.at(1).second, "stretch none");
  EXPECT_FALSE(d.gallery[3].truth);
  ASSERT_EQ(d.failures.size(), 1u);
  EXPECT_EQ(d.failures[0].error, "images/x.png: truncated");
  EXPECT_EQ(d.notices.size(), 3u) << "failures, missing truth, few samples";
  const std::string page = render_report(d);
  EXPECT_NE(page.find("2 got the label"), std::string::npos);
  EXPECT_NE(page.find("500.0 ms"), std::string::npos);
}

TEST_F(CollectReport, WithoutTruthThereAreNoMetrics) {
  RunStore run = store(2);
  add(run, sample(0, std::nullopt, {0.9, 0.05, 0.05}));
  add(run, sample(1, std::nullopt, {0.2, 0.2, 0.6}));
  run.finish();
  const ReportData d = collect(run);
  EXPECT_EQ(d.labelled, 0);
  EXPECT_FALSE(d.accuracy);
  EXPECT_TRUE(d.metrics.empty());
  EXPECT_EQ(d.label_counts, (std::vector<std::int64_t>{1, 0, 1}));
  EXPECT_EQ(d.confidence[12].unknown + d.confidence[11].unknown, 1);
  EXPECT_NE(render_report(d).find("The data give no class"), std::string::npos);
}

TEST_F(CollectReport, SaysWhenARunIsUnfinishedOrInexact) {
  RunStore run = store(3);
  SampleRecord record = sample(0, 0, {0.9, 0.05, 0.05});
  record.scores[0].scores.kind = ScoreKind::kTop20;
  add(run, record);
  add(run, sample(1, 0, {0.9, 0.05, 0.05}));
  run.commit();
  const ReportData d = collect(run);
  std::string all;
  for (const std::string& notice : d.notices) all += notice + "\n";
  EXPECT_NE(all.find("not finished"), std::string::npos);
  EXPECT_NE(all.find("1 of kind top20"), std::string::npos);
}

TEST_F(CollectReport, ARunOfFailuresOnlyHasAPage) {
  RunStore run = store(1);
  run.append(failed_record(0));
  run.finish();
  const std::string page = render_report(collect(run));
  EXPECT_NE(page.find("images/x.png: truncated"), std::string::npos);
  EXPECT_EQ(page.find("<section id=\"confidence\""), std::string::npos);
}

}  // namespace
}  // namespace firstlight
