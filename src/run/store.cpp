#include "firstlight/run/store.h"

#include <filesystem>
#include <set>

#include "calibration_codec.h"
#include "domain.h"
#include "explanation.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/run/contents.h"
#include "free_text.h"
#include "row_codec.h"
#include "server_answers.h"
#include "store_impl.h"

namespace firstlight {

using run_detail::Database;
using run_detail::Statement;

namespace {

constexpr const char* kFormat = "1";

constexpr const char* kSchema = R"sql(
CREATE TABLE run(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sample(
  position INTEGER PRIMARY KEY, id TEXT NOT NULL, origin TEXT NOT NULL, status TEXT NOT NULL,
  error TEXT, truth TEXT, truth_class TEXT, metadata TEXT NOT NULL, prepared TEXT NOT NULL,
  pixels INTEGER NOT NULL, seconds REAL NOT NULL);
CREATE INDEX sample_id ON sample(id);
CREATE TABLE token_set(id INTEGER PRIMARY KEY, token_ids TEXT NOT NULL UNIQUE);
CREATE TABLE score(
  sample INTEGER NOT NULL, pass TEXT NOT NULL, kind TEXT NOT NULL, token_set INTEGER NOT NULL,
  logprobs BLOB NOT NULL, PRIMARY KEY(sample, pass)) WITHOUT ROWID;
CREATE TABLE preview(
  sample INTEGER NOT NULL, place INTEGER NOT NULL, view TEXT NOT NULL, jpeg BLOB NOT NULL,
  PRIMARY KEY(sample, place));
CREATE TABLE preview_choice(
  sample INTEGER NOT NULL, kind TEXT NOT NULL, class TEXT NOT NULL, rank REAL NOT NULL,
  PRIMARY KEY(sample, kind)) WITHOUT ROWID;
)sql";

Task parse_stored_task(const std::string& yaml, const std::string& path) {
  return parse_task(yaml, path + " (task)");
}

}  // namespace

void RunStore::Impl::prepare_writing() {
  insert_sample = prepare(std::string("INSERT INTO sample(") + run_detail::kSampleColumns +
                          ") VALUES(?,?,?,?,?,?,?,?,?,?,?)");
  insert_score =
      prepare("INSERT INTO score(sample, pass, kind, token_set, logprobs) VALUES(?,?,?,?,?)");
  insert_server = run_detail::insert_server_answer(*database);
  if (has_free_text(config)) insert_text = run_detail::insert_free_text(*database);
  if (has_domain(config)) insert_domain = run_detail::insert_domain(*database);
  if (has_reasons(config)) {
    insert_reason = run_detail::insert_explanation(*database);
  }
  insert_preview = prepare("INSERT INTO preview(sample, place, view, jpeg) VALUES(?,?,?,?)");
  insert_choice = prepare("INSERT INTO preview_choice(sample, kind, class, rank) VALUES(?,?,?,?)");
  delete_choice = prepare("DELETE FROM preview_choice WHERE sample = ? AND kind = ?");
  delete_previews = prepare("DELETE FROM preview WHERE sample = ?");
  insert_value = prepare("INSERT OR REPLACE INTO run(key, value) VALUES(?,?)");
  insert_tokens = prepare("INSERT INTO token_set(id, token_ids) VALUES(?,?)");
  Statement sets = prepare("SELECT id, token_ids FROM token_set");
  while (sets.step()) token_sets[sets.text(1)] = sets.integer(0);
  contest.emplace(task.size());
  Statement query = prepare("SELECT sample, kind, class, rank FROM preview_choice");
  while (query.step()) {
    contest->restore(static_cast<std::uint64_t>(query.integer(0)),
                     {query.text(1), query.text(2), query.real(3)});
  }
}

RunStore::RunStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunStore::~RunStore() = default;
RunStore::RunStore(RunStore&&) noexcept = default;
RunStore& RunStore::operator=(RunStore&&) noexcept = default;

RunStore RunStore::create(const std::string& folder, const RunConfig& config, const Task& task,
                          const std::vector<ColumnInfo>& columns) {
  auto impl = std::make_unique<Impl>();
  impl->folder = folder;
  run_detail::make_folder(folder);
  impl->lock = std::make_unique<run_detail::RunLock>(folder);
  impl->database = std::make_unique<Database>(folder + "/run.sqlite", Database::Mode::kWrite);
  impl->database->execute(run_detail::on_network_file_system(folder)
                              ? "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL"
                              : "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
  impl->task = task;
  impl->config = config;
  impl->columns = columns;

  Statement tables = impl->prepare("SELECT count(*) FROM sqlite_master WHERE name = 'run'");
  tables.step();
  const bool exists = tables.integer(0) > 0;
  tables.reset();
  if (exists) {
    const RunConfig before = RunConfig::from_json(impl->required("config"), impl->database->path());
    // As stored: a path that is not UTF-8 is written with replacement characters.
    const auto different = differences(before, RunConfig::from_json(config.to_json(), folder));
    if (!different.empty()) {
      throw Error::conflict(
          folder, "holds a run of another configuration (" + text::join(different, ", ") + ")",
          "name another folder with -o");
    }
    impl->config.machine = before.machine;
  } else {
    // One transaction, so that a run folder either has its configuration or is empty.
    impl->database->execute("BEGIN IMMEDIATE");
    impl->database->execute(kSchema);
    impl->database->execute(run_detail::kServerAnswerTable);
    if (has_free_text(config)) impl->database->execute(run_detail::kFreeTextTable);
    if (has_domain(config)) impl->database->execute(run_detail::kDomainTable);
    if (has_reasons(config)) {
      impl->database->execute(run_detail::kExplanationTable);
    }
    impl->insert_value = impl->prepare("INSERT INTO run(key, value) VALUES(?,?)");
    impl->put("format", kFormat);
    impl->put("config", config.to_json());
    impl->put("task_yaml", task.yaml);
    impl->put("columns", run_detail::encode_columns(columns));
    impl->database->execute("COMMIT");
  }
  impl->set_passes();
  impl->count();
  impl->prepare_writing();
  text::write_file_atomically(folder + "/task.yaml", task.yaml);
  text::write_file_atomically(folder + "/config.json", impl->config.to_json());
  return RunStore(std::move(impl));
}

RunStore RunStore::open(const std::string& folder) {
  const std::string path = folder + "/run.sqlite";
  if (!std::filesystem::is_regular_file(path)) {
    throw Error::input(folder, "is not a run folder: it has no run.sqlite");
  }
  auto impl = std::make_unique<Impl>();
  impl->folder = folder;
  impl->database = std::make_unique<Database>(path, Database::Mode::kRead);
  Statement tables = impl->prepare("SELECT count(*) FROM sqlite_master WHERE name = 'run'");
  if (!tables.step() || tables.integer(0) == 0) {
    throw Error::input(path, "is not the database of a run");
  }
  const std::string format = impl->required("format");
  if (format != kFormat) {
    throw Error::input(path, "has format " + format + ", this program reads format " + kFormat,
                       "use the program's version that wrote it");
  }
  impl->config = RunConfig::from_json(impl->required("config"), path);
  impl->task = parse_stored_task(impl->required("task_yaml"), path);
  impl->columns = run_detail::decode_columns(impl->required("columns"));
  impl->set_passes();
  impl->count();
  return RunStore(std::move(impl));
}

void RunStore::append(const SampleRecord& record, const std::vector<PreviewChoice>& choices,
                      const std::function<std::vector<Preview>()>& make_previews) {
  Impl& impl = *impl_;
  if (record.position != impl.size) {
    throw Error::internal(impl.folder, "samples must be appended in order: expected position " +
                                           std::to_string(impl.size) + ", got " +
                                           std::to_string(record.position));
  }
  impl.begin();
  const auto position = static_cast<std::int64_t>(record.position);
  impl.insert_sample.bind(position)
      .bind(std::string_view(record.id))
      .bind(std::string_view(record.origin))
      .bind(std::string_view(record.ok ? "ok" : "failed"));
  if (record.ok) {
    impl.insert_sample.bind_null();
  } else {
    impl.insert_sample.bind(std::string_view(record.error));
  }
  impl.insert_sample.bind(record.truth);
  if (record.truth_class) {
    impl.insert_sample.bind(std::string_view(impl.task.classes[record.truth_class->index()].key));
  } else {
    impl.insert_sample.bind_null();
  }
  impl.insert_sample.bind(std::string_view(run_detail::encode_metadata(record.metadata)))
      .bind(std::string_view(run_detail::encode_prepared(record.prepared)))
      .bind(static_cast<std::int64_t>(record.pixels_hash))
      .bind(record.seconds)
      .run();
  for (const PassScores& scores : record.scores) {
    impl.insert_score.bind(position)
        .bind(std::string_view(scores.pass))
        .bind(std::string_view(to_string(scores.scores.kind)))
        .bind(impl.token_set(run_detail::encode_token_ids(scores.scores.answers)))
        .bind_blob(run_detail::encode_logprobs(scores.scores.answers))
        .run();
  }
  run_detail::write_server_answers(impl.insert_server, record);
  run_detail::write_free_text(impl.insert_text, impl.task, record);
  run_detail::write_domain(impl.insert_domain, record);
  run_detail::write_explanation(impl.insert_reason, record);

  const auto outcome = impl.contest->enter(record.position, choices);
  for (const auto& [loser, choice] : outcome.lost) {
    impl.delete_choice.bind(static_cast<std::int64_t>(loser))
        .bind(std::string_view(choice.kind))
        .run();
  }
  for (const std::uint64_t loser : outcome.removed) {
    impl.delete_previews.bind(static_cast<std::int64_t>(loser)).run();
  }
  for (const PreviewChoice& choice : outcome.won) {
    impl.insert_choice.bind(position)
        .bind(std::string_view(choice.kind))
        .bind(std::string_view(choice.group))
        .bind(choice.rank)
        .run();
  }
  if (!outcome.won.empty() && make_previews) {
    std::int64_t place = 0;
    for (const Preview& preview : make_previews()) {
      impl.insert_preview.bind(position)
          .bind(place++)
          .bind(std::string_view(preview.view))
          .bind_blob(preview.jpeg)
          .run();
    }
  }
  ++impl.size;
  if (!record.ok) ++impl.failed;
}

void RunStore::set_value(const std::string& key, const std::string& value) {
  impl_->begin();
  impl_->put(key, value);
}

void RunStore::set_calibration(const RunCalibration& calibration) {
  impl_->begin();
  run_detail::write_calibration(*impl_->database, calibration);
}

void RunStore::add_server_probes(const ServerProbes& probes) {
  if (probes.requests == 0) return;
  ServerProbes sum = run_detail::server_probes(*impl_->database);
  sum.requests += probes.requests;
  sum.prompt_tokens += probes.prompt_tokens;
  sum.cached_tokens += probes.cached_tokens;
  sum.completion_tokens += probes.completion_tokens;
  if (probes.cost_usd) sum.cost_usd = sum.cost_usd.value_or(0.0) + *probes.cost_usd;
  set_value(run_detail::kProbesKey, run_detail::encode(sum));
}

void RunStore::add_server_left_out(const std::vector<std::string>& fields) {
  if (fields.empty()) return;
  std::set<std::string> all(fields.begin(), fields.end());
  if (const auto known = value(run_detail::kLeftOutKey)) {
    for (const std::string& field : text::split(*known, ',')) all.insert(field);
  }
  const std::string joined = text::join({all.begin(), all.end()}, ",");
  if (value(run_detail::kLeftOutKey) != joined) set_value(run_detail::kLeftOutKey, joined);
}

void RunStore::commit() {
  if (!impl_->in_transaction) return;
  impl_->database->execute("COMMIT");
  impl_->in_transaction = false;
}

void RunStore::finish() {
  commit();
  // A reader elsewhere may hold the log open; then the next writer folds it in.
  Statement mode = impl_->prepare("PRAGMA journal_mode=DELETE");
  try {
    mode.step();
  } catch (const Error&) {
    return;
  }
}

}  // namespace firstlight
