#include "firstlight/run/runner.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <set>
#include <thread>

#include "firstlight/base/error.h"
#include "firstlight/run/prediction.h"
#include "test_run.h"

namespace firstlight {
namespace {

/// Grey pictures whose level is their position; some cannot be read.
class GreySource : public SampleSource {
 public:
  explicit GreySource(std::size_t size) : size_(size) {}

  std::size_t size() const override { return size_; }
  std::string id(std::size_t index) const override { return "grey-" + std::to_string(index); }
  Result<Sample> load(std::size_t index) const override {
    const int now = ++ahead;
    int most = most_ahead;
    while (now > most && !most_ahead.compare_exchange_weak(most, now)) {
    }
    if (index % 10 == 9) return Error::input(id(index) + ".png", "truncated");
    if (index % 10 == 8) throw std::bad_alloc();
    Image image;
    image.width = image.height = 4;
    image.channels = 3;
    image.pixels.assign(48, static_cast<std::uint8_t>(index));
    Sample sample;
    sample.id = id(index);
    sample.origin = id(index) + ".png";
    sample.views.push_back({"image", image});
    return sample;
  }
  std::optional<std::string> truth(std::size_t index) const override {
    if (index % 5 == 0) return "unsure";
    return index % 2 == 0 ? "ROUND" : "flat";
  }
  Sample describe(std::size_t index) const override {
    Sample sample = SampleSource::describe(index);
    sample.origin = id(index) + ".png";
    sample.metadata = {{"level", static_cast<std::int64_t>(index), Provenance::kMeasured}};
    return sample;
  }
  std::vector<ColumnInfo> columns() const override { return {}; }

  mutable std::atomic<int> ahead = 0;       ///< samples loaded and not yet written
  mutable std::atomic<int> most_ahead = 0;  ///< the highest that `ahead` was

 private:
  std::size_t size_;
};

/// Says "round" the surer the darker the picture is. Stands in for a model here; tests/cli runs
/// real ones.
class DarknessClassifier : public Classifier {
 public:
  Capabilities capabilities() const override {
    Capabilities capabilities;
    capabilities.name = "darkness";
    capabilities.type = "test";
    return capabilities;
  }
  std::string content_hash() const override { return "0123"; }
  std::vector<Result<LabelScores>> classify(std::span<const PreparedSample> samples,
                                            const Pass& pass) const override {
    EXPECT_EQ(std::this_thread::get_id(), thread_) << "the model is called from one thread";
    std::vector<Result<LabelScores>> results;
    for (const PreparedSample& sample : samples) {
      const double level = sample.views.at(0).image.pixels.at(0);
      if (level == 33) {
        results.push_back(Error::input("", "too many tokens"));
      } else {
        results.push_back(scores_of(-level / 100, -0.5 - 0.25 * pass.k));
      }
    }
    return results;
  }
  Result<PromptDescription> describe(const PreparedSample&, const Pass&) const override {
    return Error::usage("", "no prompt");
  }

 private:
  std::thread::id thread_ = std::this_thread::get_id();
};

RunOptions options_of() {
  RunOptions options;
  options.passes = {Pass{}, Pass{Pass::Kind::kOrder, 1}};
  options.ignore_truth = {"Unsure"};
  options.batch = 8;
  options.loaders = 3;
  return options;
}

struct Outcome {
  std::vector<SampleRecord> records;
  std::map<std::uint64_t, std::vector<PreviewChoice>> previewed;
  RunSummary summary;
};

/// Runs into `folder`, ending after `stop_after` samples where that is not 0.
Outcome classify(const std::string& folder, RunOptions options, std::size_t stop_after = 0) {
  const GreySource source(120);
  const DarknessClassifier classifier;
  const Task task = two_class_task();
  const SourceSurvey found = survey(source, task, options.ignore_truth);
  const RunConfig config = make_run_config(task, classifier, "darkness", "grey", found, options);
  std::atomic<bool> stop = false;
  options.stop = &stop;
  options.progress = [&](const ProgressStep& step) {
    --source.ahead;
    stop = stop_after > 0 && step.done >= stop_after;
  };
  Outcome run;
  {
    RunStore store = RunStore::create(folder, config, task, source.columns());
    run.summary = run_classifier(source, classifier, store, options);
  }
  // The window that threads may load in, and the batch that the model holds.
  EXPECT_LE(source.most_ahead, 3 * options.batch + options.loaders);
  const RunStore store = RunStore::open(folder);
  store.for_each([&](const SampleRecord& record) { run.records.push_back(record); });
  run.previewed = store.previewed();
  return run;
}

TEST(Runner, EverySampleIsWrittenOnceInOrder) {
  const TemporaryFolder folder;
  const Outcome run = classify(folder.path("run"), options_of());
  EXPECT_EQ(run.summary.written, 120u);
  EXPECT_EQ(run.summary.failed, 25u);  // two of ten cannot be read, and the one of level 33
  EXPECT_FALSE(run.summary.interrupted);
  ASSERT_EQ(run.records.size(), 120u);
  for (std::size_t i = 0; i < 120; ++i) {
    const SampleRecord& record = run.records[i];
    EXPECT_EQ(record.position, i);
    EXPECT_EQ(record.id, "grey-" + std::to_string(i));
    EXPECT_EQ(record.ok, i % 10 < 8 && i != 33) << i;
    if (!record.ok) {
      EXPECT_NE(record.error.find(record.id), std::string::npos) << record.error;
      EXPECT_EQ(record.origin, record.id + ".png");
      if (i == 33) continue;  // could be read; the model failed
      ASSERT_EQ(record.metadata.size(), 1u) << "what is known without the picture is kept";
      EXPECT_EQ(record.metadata[0].value, MetadataValue(static_cast<std::int64_t>(i)));
      continue;
    }
    ASSERT_EQ(record.scores.size(), 2u);
    EXPECT_EQ(record.scores[0].pass, "main");
    EXPECT_EQ(record.scores[1].pass, "order_1");
    EXPECT_EQ(record.truth_class.has_value(), i % 5 != 0);
    EXPECT_NE(record.pixels_hash, 0u);
    EXPECT_EQ(record.prepared.count("image"), 1u);
  }
  EXPECT_EQ(run.records[2].truth_class, ClassId{0});
  EXPECT_EQ(run.records[3].truth_class, ClassId{1});
}

TEST(Runner, NumbersDoNotDependOnBatchAndThreads) {
  const TemporaryFolder folder;
  RunOptions one = options_of();
  one.batch = 1;
  one.loaders = 1;
  const Outcome first = classify(folder.path("one"), one);
  const Outcome second = classify(folder.path("many"), options_of());
  for (std::size_t i = 0; i < 120; ++i) {
    EXPECT_EQ(first.records[i].error, second.records[i].error);
    EXPECT_EQ(first.records[i].pixels_hash, second.records[i].pixels_hash);
    if (first.records[i].ok) {
      EXPECT_EQ(predict(first.records[i], {}).probabilities,
                predict(second.records[i], {}).probabilities);
    }
  }
}

TEST(Runner, AStoppedRunGoesOnToTheSameEnd) {
  const TemporaryFolder folder;
  const Outcome whole = classify(folder.path("whole"), options_of());
  const Outcome part = classify(folder.path("parts"), options_of(), 20);
  EXPECT_TRUE(part.summary.interrupted);
  EXPECT_EQ(part.records.size(), 24u) << "the batch at hand is finished";
  const Outcome rest = classify(folder.path("parts"), options_of());
  EXPECT_EQ(rest.summary.before, 24u);
  ASSERT_EQ(rest.records.size(), 120u);
  ASSERT_EQ(rest.previewed.size(), whole.previewed.size());
  for (const auto& [position, choices] : whole.previewed) {
    ASSERT_EQ(rest.previewed.count(position), 1u);
    EXPECT_EQ(rest.previewed.at(position).size(), choices.size());
  }
  const auto hash = [&](const std::string& name) {
    return RunStore::open(folder.path(name)).value("pixels_sha256");
  };
  EXPECT_TRUE(hash("whole"));
  EXPECT_EQ(hash("parts"), hash("whole"));
}

/// Calls everything off from the 13th question on, and says why it has no scores for one sample.
class StoppingClassifier : public DarknessClassifier {
 public:
  std::vector<Result<LabelScores>> classify(std::span<const PreparedSample> samples,
                                            const Pass& pass) const override {
    std::vector<Result<LabelScores>> results = DarknessClassifier::classify(samples, pass);
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (++questions > 12 && questions < 100) {
        results[i] = Error::stopped("", "interrupted");
      } else if (samples[i].id == "grey-3") {
        LabelScores none;
        none.server = ServerAnswer{"r", "m", "", 5, 0, 1, {}, {}, "maybe", "fits no label"};
        results[i] = none;
      }
    }
    return results;
  }
  mutable int questions = 0;
};

TEST(Runner, WorkThatIsCalledOffLeavesNoRow) {
  const TemporaryFolder folder;
  const GreySource source(20);
  const StoppingClassifier classifier;
  const Task task = two_class_task();
  RunOptions options = options_of();
  options.passes = {Pass{}};
  int commits = 0;
  options.committed = [&] { ++commits; };
  const SourceSurvey found = survey(source, task, options.ignore_truth);
  const RunConfig config = make_run_config(task, classifier, "darkness", "grey", found, options);
  {
    RunStore store = RunStore::create(folder.path("run"), config, task, {});
    const RunSummary summary = run_classifier(source, classifier, store, options);
    EXPECT_TRUE(summary.interrupted);
    // Of the first eight all are asked about, of the next eight (two of them unreadable) four.
    EXPECT_EQ(store.size(), 14u);
    EXPECT_EQ(commits, 1) << "what a cut batch knows of later samples is not on disk";
    const SampleRecord failed = store.at(3).value();
    EXPECT_FALSE(failed.ok);
    EXPECT_EQ(failed.error, "grey-3: fits no label");
    ASSERT_EQ(failed.server.size(), 1u);
    EXPECT_EQ(failed.server[0].answer.text, "maybe");
  }
  classifier.questions = 1000;
  RunStore store = RunStore::create(folder.path("run"), config, task, {});
  EXPECT_FALSE(run_classifier(source, classifier, store, options).interrupted);
  EXPECT_EQ(store.size(), 20u);
}

TEST(Shots, AreDrawnByClassAndTheSameEveryTime) {
  const GreySource source(120);
  const Task task = two_class_task();
  const auto shots = choose_shots(source, task, 3, 0, {"unsure"});
  ASSERT_EQ(shots.size(), 6u);
  std::set<std::string> ids;
  for (std::size_t i = 0; i < shots.size(); ++i) {
    EXPECT_EQ(shots[i].truth, ClassId{static_cast<std::int32_t>(i % 2)});
    ids.insert(shots[i].sample.id);
    EXPECT_EQ(shots[i].sample.views.size(), 1u);
  }
  EXPECT_EQ(ids.size(), 6u);
  const auto fewer = choose_shots(source, task, 1, 0, {"unsure"});
  EXPECT_EQ(fewer[0].sample.id, shots[0].sample.id);
  EXPECT_EQ(fewer[1].sample.id, shots[1].sample.id);
  EXPECT_THROW(choose_shots(source, task, 100, 0, {"unsure"}), Error);
}

TEST(Runner, ErrorsHavePreviews) {
  const TemporaryFolder folder;
  const Outcome run = classify(folder.path("run"), options_of());
  std::size_t errors = 0;
  for (const SampleRecord& record : run.records) {
    if (!record.ok || !record.truth_class) continue;
    if (predict(record, {}).label == *record.truth_class) continue;
    ++errors;
    ASSERT_EQ(run.previewed.count(record.position), 1u) << record.id;
    const auto& choices = run.previewed.at(record.position);
    EXPECT_TRUE(std::any_of(choices.begin(), choices.end(),
                            [](const PreviewChoice& c) { return c.kind == "notable"; }));
  }
  EXPECT_GT(errors, 10u);
  const auto previews = RunStore::open(folder.path("run")).previews(run.previewed.begin()->first);
  ASSERT_EQ(previews.size(), 1u);
  EXPECT_EQ(previews[0].jpeg.substr(0, 2), "\xff\xd8");
}

TEST(Runner, TheSurveyListsUnknownTruth) {
  const GreySource source(40);
  try {
    survey(source, two_class_task(), {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kUsage);
    const std::string message = e.what();
    EXPECT_NE(message.find("'unsure' (8)"), std::string::npos) << message;
    EXPECT_NE(message.find("'ROUND' (16)"), std::string::npos) << message;
    EXPECT_NE(message.find("--ignore-truth"), std::string::npos) << message;
  }
  const SourceSurvey found = survey(source, two_class_task(), {"UNSURE"});
  EXPECT_EQ(found.samples, 40u);
  EXPECT_EQ(found.with_truth, 32u);
  EXPECT_EQ(found.ids_sha256.size(), 64u);
}

TEST(Runner, TwoSamplesWithOneIdAreRefused) {
  class Twins : public GreySource {
   public:
    Twins() : GreySource(3) {}
    std::string id(std::size_t index) const override { return index == 1 ? "a" : "b"; }
  };
  try {
    survey(Twins(), two_class_task(), {"unsure"});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_NE(std::string(e.what()).find("samples 0 and 2"), std::string::npos) << e.what();
  }
}

TEST(Runner, TheDefaultFolderFollowsTheSettings) {
  RunConfig config = config_of(3);
  config.settings["task.name"] = "lsbg";
  const std::string folder = default_run_folder("runs", config);
  EXPECT_EQ(folder.rfind("runs/lsbg-", 0), 0u) << folder;
  config.machine["processor"] = "another";
  EXPECT_EQ(default_run_folder("runs", config), folder);
  config.settings["data.fold"] = "0/5";
  EXPECT_NE(default_run_folder("runs", config), folder);
}

}  // namespace
}  // namespace firstlight
