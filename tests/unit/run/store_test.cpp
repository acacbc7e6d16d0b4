#include "firstlight/run/store.h"

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "test_run.h"

namespace firstlight {
namespace {

RunStore make_store(const std::string& folder, std::size_t samples = 3) {
  return RunStore::create(folder, config_of(samples), two_class_task(),
                          {{"ra", Provenance::kMeasured, "deg", "right ascension"}});
}

TEST(RunStore, WhatIsWrittenIsRead) {
  const TemporaryFolder folder;
  {
    RunStore store = make_store(folder.path("run"));
    store.append(record_of(0));
    store.append(failed_record(1));
    store.set_value("wall_seconds", "1.5");
    store.commit();
    EXPECT_FALSE(store.complete());
    store.append(record_of(2));
    store.finish();
    EXPECT_TRUE(store.complete());
  }
  const RunStore run = RunStore::open(folder.path("run"));
  EXPECT_EQ(run.size(), 3u);
  EXPECT_EQ(run.failed(), 1u);
  EXPECT_TRUE(run.complete());
  EXPECT_EQ(run.config().settings, config_of(3).settings);
  EXPECT_EQ(run.config().machine, config_of(3).machine);
  EXPECT_EQ(run.task().name, two_class_task().name);
  EXPECT_EQ(run.task().size(), 2u);
  ASSERT_EQ(run.columns().size(), 1u);
  EXPECT_EQ(run.columns()[0].unit, "deg");
  EXPECT_EQ(run.value("wall_seconds"), "1.5");
  EXPECT_EQ(run.value("absent"), std::nullopt);

  std::vector<SampleRecord> records;
  run.for_each([&](const SampleRecord& record) { records.push_back(record); });
  ASSERT_EQ(records.size(), 3u);
  const SampleRecord expected = record_of(0);
  const SampleRecord& first = records[0];
  EXPECT_EQ(first.id, expected.id);
  EXPECT_EQ(first.origin, expected.origin);
  EXPECT_TRUE(first.ok);
  EXPECT_EQ(first.truth, expected.truth);
  EXPECT_EQ(first.truth_class, expected.truth_class);
  EXPECT_EQ(first.metadata.size(), expected.metadata.size());
  EXPECT_EQ(first.prepared, expected.prepared);
  EXPECT_EQ(first.pixels_hash, expected.pixels_hash);
  EXPECT_EQ(first.seconds, expected.seconds);
  ASSERT_EQ(first.scores.size(), 2u);
  EXPECT_EQ(first.scores[0].pass, "main");
  EXPECT_EQ(first.find("order_1")->answers[1].logprobs[0], -1.25);
  EXPECT_EQ(first.find("blank"), nullptr);
  EXPECT_FALSE(records[1].ok);
  EXPECT_EQ(records[1].error, "images/x.png: truncated");
  EXPECT_TRUE(records[1].scores.empty());
  EXPECT_EQ(run.at(2)->id, "sample-2");
  EXPECT_EQ(run.at(3), std::nullopt);
}

TEST(RunStore, WhatAServerSaidIsKeptAndCountedOnce) {
  const TemporaryFolder folder;
  const ServerAnswer answer = {"r1", "gpt-4o-2024-08-06", "fp_a", 100, 40, 3, 0.5, 0.25, "Yes", ""};
  ServerAnswer other = {"r2", "gpt-4o-2024-11-20", "", 10, 0, 1, {}, {}, "No", "fits no label"};
  {
    RunStore store = make_store(folder.path("run"));
    EXPECT_EQ(store.server_totals(), std::nullopt);
    SampleRecord first = record_of(0);
    first.server = {{"main", answer}, {"order_1", answer}};
    store.append(first);
    SampleRecord second = failed_record(1);
    second.server = {{"main", other}};
    store.append(second);
    store.append(record_of(2));
    store.finish();
  }
  const RunStore run = RunStore::open(folder.path("run"));
  ASSERT_EQ(run.at(0)->server.size(), 2u);
  EXPECT_EQ(run.at(0)->server[1].pass, "order_1");
  EXPECT_EQ(run.at(0)->server[1].answer, answer);
  EXPECT_EQ(run.at(1)->server[0].answer, other);
  EXPECT_TRUE(run.at(2)->server.empty());
  std::size_t answers = 0;
  run.for_each([&](const SampleRecord& record) { answers += record.server.size(); });
  EXPECT_EQ(answers, 3u);
  EXPECT_TRUE(run.has_server_answer("r2"));
  EXPECT_FALSE(run.has_server_answer("r3"));
  const ServerTotals totals = run.server_totals().value();
  EXPECT_EQ(totals.answers, 2u);
  EXPECT_EQ(totals.prompt_tokens, 110);
  EXPECT_EQ(totals.cached_tokens, 40);
  EXPECT_EQ(totals.completion_tokens, 4);
  EXPECT_DOUBLE_EQ(totals.cost_usd, 0.5);
  EXPECT_EQ(totals.unpriced, 1u);
  EXPECT_EQ(totals.models, (std::vector<std::string>{"gpt-4o-2024-08-06", "gpt-4o-2024-11-20"}));
  EXPECT_EQ(totals.fingerprints, std::vector<std::string>{"fp_a"});
  EXPECT_DOUBLE_EQ(totals.largest_outside, 0.25);
}

TEST(RunStore, TheFolderHoldsTheTaskAndTheConfiguration) {
  const TemporaryFolder folder;
  make_store(folder.path("a/b/run")).finish();
  EXPECT_EQ(text::read_file(folder.path("a/b/run/task.yaml")), two_class_task().yaml);
  EXPECT_EQ(text::read_file(folder.path("a/b/run/config.json")), config_of(3).to_json());
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(folder.path("a/b/run"))) {
    ++files;
  }
  EXPECT_EQ(files, 3u) << "no log, lock or temporary file is left";
}

TEST(RunStore, UncommittedRowsAreGoneAndTheRunGoesOn) {
  const TemporaryFolder folder;
  {
    RunStore store = make_store(folder.path("run"));
    store.append(record_of(0));
    store.commit();
    store.append(record_of(1));  // as when the process is killed here
  }
  RunStore store = make_store(folder.path("run"));
  EXPECT_EQ(store.size(), 1u);
  store.append(record_of(1));
  store.commit();
  EXPECT_EQ(store.size(), 2u);
}

TEST(RunStore, AJournalOfAKilledWriterIsPlayedBackForReaders) {
  // As on a network file system, where the database has no write-ahead log.
  const TemporaryFolder folder;
  {
    RunStore store = make_store(folder.path("run"));
    store.append(record_of(0));
    store.finish();
  }
  const pid_t child = fork();
  if (child == 0) {
    sqlite3* database = nullptr;
    sqlite3_open(folder.path("run/run.sqlite").c_str(), &database);
    // A cache of one page, so that pages reach the file before the commit that never comes.
    const int code = sqlite3_exec(
        database,
        "PRAGMA journal_mode=DELETE; PRAGMA cache_size=1; BEGIN; DELETE FROM sample;"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        "INSERT INTO run SELECT 'key' || i, 'value' FROM n",
        nullptr, nullptr, nullptr);
    _exit(code == SQLITE_OK ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(std::filesystem::exists(folder.path("run/run.sqlite-journal")));
  const RunStore run = RunStore::open(folder.path("run"));
  EXPECT_EQ(run.size(), 1u);
  EXPECT_EQ(run.value("key1"), std::nullopt);
}

TEST(RunStore, AnotherConfigurationIsRefusedKeyByKey) {
  const TemporaryFolder folder;
  make_store(folder.path("run"), 3).finish();
  try {
    make_store(folder.path("run"), 4);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kConflict);
    EXPECT_NE(std::string(e.what()).find("data.samples: was '3', is '4'"), std::string::npos)
        << e.what();
  }
}

TEST(RunStore, TwoWritersAreRefused) {
  const TemporaryFolder folder;
  const RunStore first = make_store(folder.path("run"));
  try {
    make_store(folder.path("run"));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kConflict);
  }
}

TEST(RunStore, AReaderSeesWhatIsCommittedWhileItIsWritten) {
  const TemporaryFolder folder;
  RunStore store = make_store(folder.path("run"));
  store.append(record_of(0));
  store.commit();
  store.append(record_of(1));
  const RunStore reader = RunStore::open(folder.path("run"));
  EXPECT_EQ(reader.size(), 1u);
  store.commit();
  EXPECT_EQ(RunStore::open(folder.path("run")).size(), 2u);
}

TEST(RunStore, RowsOutOfOrderAreRefused) {
  const TemporaryFolder folder;
  RunStore store = make_store(folder.path("run"));
  EXPECT_THROW(store.append(record_of(1)), Error);
}

TEST(RunStore, WhatIsNoRunIsAnInputError) {
  const TemporaryFolder folder;
  const auto kind_of = [&](const std::string& name) {
    try {
      RunStore::open(folder.path(name));
    } catch (const Error& e) {
      return e.kind();
    }
    return ErrorKind::kInternal;
  };
  EXPECT_EQ(kind_of("absent"), ErrorKind::kInput);
  std::filesystem::create_directory(folder.path("text"));
  text::write_file_atomically(folder.path("text/run.sqlite"), std::string(5000, 'x'));
  EXPECT_EQ(kind_of("text"), ErrorKind::kInput);
  std::filesystem::create_directory(folder.path("empty"));
  text::write_file_atomically(folder.path("empty/run.sqlite"), "");
  EXPECT_EQ(kind_of("empty"), ErrorKind::kInput);
}

TEST(RunStore, PreviewsOfWinnersAreKept) {
  const TemporaryFolder folder;
  RunStore store = make_store(folder.path("run"), 500);
  int made = 0;
  for (std::uint64_t position = 0; position < 500; ++position) {
    // Every sample beats those before it: 100 places, two classes and two kinds.
    store.append(record_of(position), {{"notable", "round", -static_cast<double>(position)}}, [&] {
      ++made;
      return std::vector<Preview>{{"image", "jpeg " + std::to_string(position)}, {"xz", "second"}};
    });
  }
  store.finish();
  const RunStore run = RunStore::open(folder.path("run"));
  const auto kept = run.previewed();
  ASSERT_EQ(kept.size(), 100u);
  EXPECT_EQ(kept.begin()->first, 400u);
  EXPECT_EQ(kept.at(450)[0].kind, "notable");
  EXPECT_EQ(kept.at(450)[0].group, "round");
  ASSERT_EQ(run.previews(450).size(), 2u);
  EXPECT_EQ(run.previews(450)[0].jpeg, "jpeg 450");
  EXPECT_EQ(run.previews(450)[1].view, "xz");
  EXPECT_TRUE(run.previews(399).empty());
  EXPECT_EQ(made, 500);
}

TEST(RunStore, AMillionSamplesStayBelowTwoGigabytes) {
  // Measured on 20,000 rows of the most that a usual run holds: four classes with answers of ten
  // tokens, six passes, five metadata columns and a long path.
  const TemporaryFolder folder;
  constexpr std::uint64_t kRows = 20'000;
  RunConfig config = config_of(kRows);
  config.settings["passes"] = "main,blank,no_descriptions,order_1,order_2,order_3";
  const Task task = task_from_class_names({"smooth round", "cigar", "edge-on disk", "spiral"});
  RunStore store = RunStore::create(folder.path("run"), config, task, {});
  LabelScores scores;
  for (int a = 0; a < 4; ++a) {
    AnswerScore answer;
    for (int t = 0; t < 10; ++t) {
      answer.token_ids.push_back(1000 + 17 * t + a);
      answer.logprobs.push_back(-0.1 * (t + a));
    }
    scores.answers.push_back(answer);
  }
  for (std::uint64_t position = 0; position < kRows; ++position) {
    SampleRecord record = record_of(position);
    record.id = "J" + std::to_string(1'000'000'000'000'000'000u + position);
    record.origin = "/data/survey/cutouts/batch-0001/" + record.id + ".fits";
    record.metadata.push_back({"dec", -12.345678901, Provenance::kMeasured});
    record.scores.clear();
    for (const char* pass : {"main", "blank", "no_descriptions", "order_1", "order_2", "order_3"}) {
      record.scores.push_back({pass, scores});
    }
    store.append(record);
  }
  store.finish();
  const double bytes =
      static_cast<double>(std::filesystem::file_size(folder.path("run/run.sqlite"))) / kRows;
  RecordProperty("bytes_per_sample", static_cast<int>(bytes));
  EXPECT_LT(bytes, 2000.0);
}

TEST(RunStore, AFullDiskSaysSoAndTheRunGoesOn) {
  const TemporaryFolder folder;
  make_store(folder.path("run"), 100'000).finish();
  // A limit on the size of files stands for the disk; it binds the child process only.
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {};
    limit.rlim_cur = limit.rlim_max = 200'000;
    setrlimit(RLIMIT_FSIZE, &limit);
    int result = 1;
    try {
      RunStore store = make_store(folder.path("run"), 100'000);
      for (std::uint64_t position = 0; position < 5000; ++position) {
        store.append(record_of(position));
        if (position % 50 == 49) store.commit();
      }
    } catch (const Error& e) {
      const std::string message = e.what();
      result = e.kind() == ErrorKind::kInternal &&
                       message.find("disk is full") != std::string::npos &&
                       message.find("run the same command again") != std::string::npos
                   ? 0
                   : 2;
    }
    _exit(result);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 0);

  RunStore store = make_store(folder.path("run"), 100'000);
  EXPECT_GT(store.size(), 0u);
  EXPECT_EQ(store.size() % 50, 0u) << "whole commits only";
  for (std::uint64_t position = store.size(); position < 5000; ++position) {
    store.append(record_of(position));
  }
  store.finish();
  std::uint64_t next = 0;
  RunStore::open(folder.path("run")).for_each([&](const SampleRecord& record) {
    EXPECT_EQ(record.position, next++);
    EXPECT_EQ(record.scores.size(), 2u);
  });
  EXPECT_EQ(next, 5000u);
}

}  // namespace
}  // namespace firstlight
