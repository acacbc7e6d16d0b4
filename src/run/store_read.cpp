#include <algorithm>

#include "calibration_codec.h"
#include "domain.h"
#include "explanation.h"
#include "firstlight/run/contents.h"
#include "free_text.h"
#include "row_codec.h"
#include "server_answers.h"
#include "store_impl.h"

/// What a run store reads.
namespace firstlight {

using run_detail::Statement;

namespace {

// A scalar subquery keeps the order of `score`, which a join need not.
constexpr const char* kSelectScores =
    "SELECT sample, pass, kind, (SELECT token_ids FROM token_set WHERE id = token_set), logprobs "
    "FROM score";

}  // namespace

const LabelScores* SampleRecord::find(const std::string& pass) const {
  for (const PassScores& item : scores) {
    if (item.pass == pass) return &item.scores;
  }
  return nullptr;
}

SampleRecord RunStore::Impl::read_sample(const Statement& row) const {
  SampleRecord record;
  record.position = static_cast<std::uint64_t>(row.integer(0));
  record.id = row.text(1);
  record.origin = row.text(2);
  record.ok = row.text(3) == "ok";
  record.error = row.text(4);
  record.truth = row.optional_text(5);
  if (const auto key = row.optional_text(6)) {
    record.truth_class = run_detail::class_of_key(task, *key);
  }
  record.metadata = run_detail::decode_metadata(row.text(7));
  record.prepared = run_detail::decode_prepared(row.text(8));
  record.pixels_hash = static_cast<std::uint64_t>(row.integer(9));
  record.seconds = row.real(10);
  return record;
}

void RunStore::Impl::read_score(const Statement& row, SampleRecord& record) const {
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

void RunStore::Impl::sort_passes(SampleRecord& record) const {
  const auto place = [&](const PassScores& scores) {
    return std::find(passes.begin(), passes.end(), scores.pass) - passes.begin();
  };
  std::stable_sort(record.scores.begin(), record.scores.end(),
                   [&](const auto& a, const auto& b) { return place(a) < place(b); });
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
  Statement samples = impl_->prepare(std::string("SELECT ") + run_detail::kSampleColumns +
                                     " FROM sample ORDER BY position");
  Statement scores = impl_->prepare(std::string(kSelectScores) + " ORDER BY sample, pass");
  Statement server = run_detail::select_server_answers(*impl_->database);
  const bool has_texts = has_free_text(impl_->config);
  Statement texts = has_texts ? run_detail::select_free_text(*impl_->database) : Statement();
  const bool has_scores = has_domain(impl_->config);
  Statement domain = has_scores ? run_detail::select_domain(*impl_->database) : Statement();
  bool more_domain = has_scores && domain.step();
  const bool with_reasons = has_reasons(impl_->config);
  Statement reasons = with_reasons ? run_detail::select_explanation(*impl_->database) : Statement();
  bool more_reasons = with_reasons && reasons.step();
  bool more = scores.step();
  bool more_server = server.step();
  bool more_texts = has_texts && texts.step();
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
    if (more_texts && static_cast<std::uint64_t>(texts.integer(0)) == record.position) {
      run_detail::read_free_text(texts, impl_->task, record);
      more_texts = texts.step();
    }
    if (more_domain && static_cast<std::uint64_t>(domain.integer(0)) == record.position) {
      record.domain_score = domain.real(1);
      more_domain = domain.step();
    }
    if (more_reasons && static_cast<std::uint64_t>(reasons.integer(0)) == record.position) {
      record.explanation = reasons.text(1);
      more_reasons = reasons.step();
    }
    impl_->sort_passes(record);
    visit(record);
  }
}

std::optional<SampleRecord> RunStore::at(std::uint64_t position) const {
  Statement sample = impl_->prepare(std::string("SELECT ") + run_detail::kSampleColumns +
                                    " FROM sample WHERE position = ?");
  sample.bind(static_cast<std::int64_t>(position));
  if (!sample.step()) return std::nullopt;
  SampleRecord record = impl_->read_sample(sample);
  Statement scores = impl_->prepare(std::string(kSelectScores) + " WHERE sample = ? ORDER BY pass");
  scores.bind(static_cast<std::int64_t>(position));
  while (scores.step()) impl_->read_score(scores, record);
  Statement server = run_detail::select_server_answers(*impl_->database, position);
  while (server.step()) run_detail::read_server_answer(server, record);
  if (has_free_text(impl_->config)) {
    Statement written = run_detail::select_free_text(*impl_->database, position);
    if (written.step()) run_detail::read_free_text(written, impl_->task, record);
  }
  if (has_domain(impl_->config)) {
    Statement domain = run_detail::select_domain(*impl_->database, position);
    if (domain.step()) record.domain_score = domain.real(1);
  }
  if (has_reasons(impl_->config)) {
    Statement reason = run_detail::select_explanation(*impl_->database, position);
    if (reason.step()) record.explanation = reason.text(1);
  }
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

}  // namespace firstlight
