#include "firstlight/run/store.h"

#include <algorithm>
#include <filesystem>

#include "calibration_codec.h"
#include "database.h"
#include "files.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "previews.h"
#include "row_codec.h"
#include "server_answers.h"

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

constexpr const char* kSampleColumns =
    "position, id, origin, status, error, truth, truth_class, metadata, prepared, pixels, seconds";

// A scalar subquery keeps the order of `score`, which a join need not.
constexpr const char* kSelectScores =
    "SELECT sample, pass, kind, (SELECT token_ids FROM token_set WHERE id = token_set), logprobs "
    "FROM score";

Task parse_stored_task(const std::string& yaml, const std::string& path) {
  return parse_task(yaml, path + " (task)");
}

}  // namespace

const LabelScores* SampleRecord::find(const std::string& pass) const {
  for (const PassScores& item : scores) {
    if (item.pass == pass) return &item.scores;
  }
  return nullptr;
}

struct RunStore::Impl {
  std::string folder;
  std::unique_ptr<run_detail::RunLock> lock;  // released after the database is closed
  std::unique_ptr<Database> database;
  RunConfig config;
  Task task;
  std::vector<ColumnInfo> columns;
  std::vector<std::string> passes;
  std::uint64_t size = 0;
  std::uint64_t failed = 0;
  bool in_transaction = false;
  std::optional<run_detail::PreviewContest> contest;

  Statement insert_sample, insert_score, insert_server, insert_preview, insert_choice,
      delete_choice, delete_previews, insert_value, insert_tokens;
  std::map<std::string, std::int64_t> token_sets;  // by text

  Statement prepare(const std::string& sql) const { return Statement(*database, sql); }

  std::optional<std::string> value(const std::string& key) const {
    Statement query = prepare("SELECT value FROM run WHERE key = ?");
    query.bind(std::string_view(key));
    if (!query.step()) return std::nullopt;
    return query.text(0);
  }

  std::string required(const std::string& key) const {
    if (auto found = value(key)) return *found;
    throw Error::input(database->path(), "not a complete run: '" + key + "' is missing");
  }

  void count() {
    Statement query = prepare("SELECT count(*), count(error) FROM sample");
    query.step();
    size = static_cast<std::uint64_t>(query.integer(0));
    failed = static_cast<std::uint64_t>(query.integer(1));
  }

  void set_passes() {
    const auto found = config.settings.find("passes");
    if (found != config.settings.end()) passes = text::split(found->second, ',');
  }

  void begin() {
    if (in_transaction) return;
    database->execute("BEGIN IMMEDIATE");
    in_transaction = true;
  }

  void put(const std::string& key, const std::string& text) {
    insert_value.bind(std::string_view(key)).bind(std::string_view(text)).run();
  }

  void prepare_writing() {
    insert_sample = prepare(std::string("INSERT INTO sample(") + kSampleColumns +
                            ") VALUES(?,?,?,?,?,?,?,?,?,?,?)");
    insert_score =
        prepare("INSERT INTO score(sample, pass, kind, token_set, logprobs) VALUES(?,?,?,?,?)");
    insert_server = run_detail::insert_server_answer(*database);
    insert_preview = prepare("INSERT INTO preview(sample, place, view, jpeg) VALUES(?,?,?,?)");
    insert_choice =
        prepare("INSERT INTO preview_choice(sample, kind, class, rank) VALUES(?,?,?,?)");
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

  /// The id of a text in token_set, which it joins if it is new.
  std::int64_t token_set(const std::string& token_ids) {
    const auto [found, is_new] =
        token_sets.emplace(token_ids, static_cast<std::int64_t>(token_sets.size()));
    if (is_new) insert_tokens.bind(found->second).bind(std::string_view(token_ids)).run();
    return found->second;
  }

  SampleRecord read_sample(const Statement& row) const {
    SampleRecord record;
    record.position = static_cast<std::uint64_t>(row.integer(0));
    record.id = row.text(1);
    record.origin = row.text(2);
    record.ok = row.text(3) == "ok";
    record.error = row.text(4);
    record.truth = row.optional_text(5);
    if (const auto key = row.optional_text(6)) {
      for (std::size_t c = 0; c < task.size(); ++c) {
        if (task.classes[c].key == *key) record.truth_class = ClassId{static_cast<int>(c)};
      }
    }
    record.metadata = run_detail::decode_metadata(row.text(7));
    record.prepared = run_detail::decode_prepared(row.text(8));
    record.pixels_hash = static_cast<std::uint64_t>(row.integer(9));
    record.seconds = row.real(10);
    return record;
  }

  /// Adds the pass in a row of kSelectScores.
  void read_score(const Statement& row, SampleRecord& record) const {
    PassScores scores;
    scores.pass = row.text(1);
    const auto kind = score_kind(row.text(2));
    auto answers = run_detail::decode_answers(row.text(3), row.text(4));
    if (!kind || !answers || answers->size() != task.size()) {
      throw Error::input(database->path(), "damaged scores of sample '" + record.id + "'");
    }
    scores.scores = {*kind, std::move(*answers)};
    record.scores.push_back(std::move(scores));
  }

  void sort_passes(SampleRecord& record) const {
    const auto place = [&](const PassScores& scores) {
      return std::find(passes.begin(), passes.end(), scores.pass) - passes.begin();
    };
    std::stable_sort(record.scores.begin(), record.scores.end(),
                     [&](const auto& a, const auto& b) { return place(a) < place(b); });
  }
};

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

const std::string& RunStore::folder() const { return impl_->folder; }
const RunConfig& RunStore::config() const { return impl_->config; }
const Task& RunStore::task() const { return impl_->task; }
const std::vector<ColumnInfo>& RunStore::columns() const { return impl_->columns; }
std::uint64_t RunStore::size() const { return impl_->size; }
std::uint64_t RunStore::failed() const { return impl_->failed; }

std::optional<ServerTotals> RunStore::server_totals() const {
  return run_detail::server_totals(*impl_->database);
}

ServerProbes RunStore::server_probes() const { return run_detail::server_probes(*impl_->database); }

bool RunStore::has_server_answer(const std::string& request) const {
  return run_detail::has_server_answer(*impl_->database, request);
}

bool RunStore::complete() const {
  const auto found = impl_->config.settings.find("data.samples");
  return found != impl_->config.settings.end() && found->second == std::to_string(impl_->size);
}

std::optional<std::string> RunStore::value(const std::string& key) const {
  return impl_->value(key);
}

std::map<std::string, std::string> RunStore::values() const {
  Statement query = impl_->prepare("SELECT key, value FROM run");
  std::map<std::string, std::string> values;
  while (query.step()) values[query.text(0)] = query.text(1);
  return values;
}

std::optional<RunCalibration> RunStore::calibration() const {
  Statement tables =
      impl_->prepare("SELECT count(*) FROM sqlite_master WHERE name = 'calibration'");
  tables.step();
  if (tables.integer(0) == 0) return std::nullopt;
  Statement query = impl_->prepare("SELECT record FROM calibration");
  if (!query.step()) return std::nullopt;
  auto calibration = run_detail::decode_calibration(query.text(0));
  if (!calibration) throw Error::input(impl_->database->path(), "damaged calibration");
  return calibration;
}

void RunStore::for_each(const std::function<void(const SampleRecord&)>& visit) const {
  Statement samples =
      impl_->prepare(std::string("SELECT ") + kSampleColumns + " FROM sample ORDER BY position");
  Statement scores = impl_->prepare(std::string(kSelectScores) + " ORDER BY sample, pass");
  Statement server = run_detail::select_server_answers(*impl_->database);
  bool more = scores.step();
  bool more_server = server.step();
  while (samples.step()) {
    SampleRecord record = impl_->read_sample(samples);
    while (more && static_cast<std::uint64_t>(scores.integer(0)) == record.position) {
      impl_->read_score(scores, record);
      more = scores.step();
    }
    while (more_server && static_cast<std::uint64_t>(server.integer(0)) == record.position) {
      run_detail::read_server_answer(server, record);
      more_server = server.step();
    }
    impl_->sort_passes(record);
    visit(record);
  }
}

std::optional<SampleRecord> RunStore::at(std::uint64_t position) const {
  Statement sample =
      impl_->prepare(std::string("SELECT ") + kSampleColumns + " FROM sample WHERE position = ?");
  sample.bind(static_cast<std::int64_t>(position));
  if (!sample.step()) return std::nullopt;
  SampleRecord record = impl_->read_sample(sample);
  Statement scores = impl_->prepare(std::string(kSelectScores) + " WHERE sample = ? ORDER BY pass");
  scores.bind(static_cast<std::int64_t>(position));
  while (scores.step()) impl_->read_score(scores, record);
  Statement server = run_detail::select_server_answers(*impl_->database, position);
  while (server.step()) run_detail::read_server_answer(server, record);
  impl_->sort_passes(record);
  return record;
}

std::map<std::uint64_t, std::vector<PreviewChoice>> RunStore::previewed() const {
  Statement query = impl_->prepare("SELECT sample, kind, class, rank FROM preview_choice");
  std::map<std::uint64_t, std::vector<PreviewChoice>> chosen;
  while (query.step()) {
    chosen[static_cast<std::uint64_t>(query.integer(0))].push_back(
        {query.text(1), query.text(2), query.real(3)});
  }
  return chosen;
}

std::vector<Preview> RunStore::previews(std::uint64_t position) const {
  Statement query =
      impl_->prepare("SELECT view, jpeg FROM preview WHERE sample = ? ORDER BY place");
  query.bind(static_cast<std::int64_t>(position));
  std::vector<Preview> previews;
  while (query.step()) previews.push_back({query.text(0), query.text(1)});
  return previews;
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
