#include "server_answers.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight::run_detail {
namespace {

using Json = nlohmann::json;

std::optional<std::string> value_of(Database& database, const char* key) {
  Statement query(database, "SELECT value FROM run WHERE key = ?");
  query.bind(std::string_view(key));
  if (!query.step()) return std::nullopt;
  return query.text(0);
}

}  // namespace

const char* const kServerAnswerTable = R"sql(
CREATE TABLE server_answer(
  sample INTEGER NOT NULL, pass TEXT NOT NULL, request TEXT NOT NULL, model TEXT NOT NULL,
  fingerprint TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL, cost_usd REAL, outside REAL, text TEXT NOT NULL,
  problem TEXT NOT NULL, PRIMARY KEY(sample, pass)) WITHOUT ROWID;
CREATE INDEX server_answer_request ON server_answer(request);
)sql";

Statement insert_server_answer(Database& database) {
  return Statement(database,
                   "INSERT INTO server_answer(sample, pass, request, model, fingerprint, "
                   "prompt_tokens, cached_tokens, completion_tokens, cost_usd, outside, text, "
                   "problem) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");
}

void write_server_answers(Statement& insert, const SampleRecord& record) {
  for (const auto& [pass, answer] : record.server) {
    insert.bind(static_cast<std::int64_t>(record.position))
        .bind(std::string_view(pass))
        .bind(std::string_view(answer.request))
        .bind(std::string_view(answer.model))
        .bind(std::string_view(answer.fingerprint))
        .bind(answer.prompt_tokens)
        .bind(answer.cached_tokens)
        .bind(answer.completion_tokens)
        .bind(answer.cost_usd)
        .bind(answer.outside)
        .bind(std::string_view(answer.text))
        .bind(std::string_view(answer.problem))
        .run();
  }
}

Statement select_server_answers(Database& database, std::optional<std::uint64_t> sample) {
  return select_samples(database,
                        "sample, pass, request, model, fingerprint, prompt_tokens, cached_tokens, "
                        "completion_tokens, cost_usd, outside, text, problem",
                        "server_answer", sample, "sample, pass");
}

void read_server_answer(const Statement& row, SampleRecord& record) {
  ServerAnswer answer;
  answer.request = row.text(2);
  answer.model = row.text(3);
  answer.fingerprint = row.text(4);
  answer.prompt_tokens = row.integer(5);
  answer.cached_tokens = row.integer(6);
  answer.completion_tokens = row.integer(7);
  answer.cost_usd = row.optional_real(8);
  answer.outside = row.optional_real(9);
  answer.text = row.text(10);
  answer.problem = row.text(11);
  record.server.push_back({row.text(1), std::move(answer)});
}

bool has_server_answer(Database& database, const std::string& request) {
  Statement query(database, "SELECT 1 FROM server_answer WHERE request = ? LIMIT 1");
  query.bind(std::string_view(request));
  return query.step();
}

ServerProbes server_probes(Database& database) {
  ServerProbes probes;
  const auto text = value_of(database, kProbesKey);
  if (!text) return probes;
  const Json json = Json::parse(*text, nullptr, false);
  const auto damaged = [&] { return Error::input(database.path(), "damaged server_probes"); };
  if (!json.is_array() || json.size() != 5) throw damaged();
  for (std::size_t i = 0; i < 4; ++i) {
    if (!json[i].is_number_integer()) throw damaged();
  }
  probes = {json[0], json[1], json[2], json[3], std::nullopt};
  if (json[4].is_number()) probes.cost_usd = json[4].get<double>();
  return probes;
}

std::string encode(const ServerProbes& probes) {
  const Json cost = probes.cost_usd ? Json(*probes.cost_usd) : Json();
  return Json{probes.requests, probes.prompt_tokens, probes.cached_tokens, probes.completion_tokens,
              cost}
      .dump();
}

std::optional<ServerTotals> server_totals(Database& database) {
  Statement sums(database,
                 "SELECT count(*), coalesce(sum(prompt_tokens), 0), "
                 "coalesce(sum(cached_tokens), 0), coalesce(sum(completion_tokens), 0), "
                 "coalesce(sum(cost_usd), 0.0), count(*) - count(cost_usd), "
                 "coalesce(max(outside), 0.0) "
                 "FROM (SELECT * FROM server_answer GROUP BY request)");
  sums.step();
  const ServerProbes probes = server_probes(database);
  if (sums.integer(0) == 0 && probes.requests == 0) return std::nullopt;
  ServerTotals totals;
  totals.answers = static_cast<std::uint64_t>(sums.integer(0));
  totals.prompt_tokens = sums.integer(1);
  totals.cached_tokens = sums.integer(2);
  totals.completion_tokens = sums.integer(3);
  totals.cost_usd = sums.real(4);
  totals.unpriced = static_cast<std::uint64_t>(sums.integer(5));
  totals.largest_outside = sums.real(6);
  totals.probes = probes.requests;
  totals.prompt_tokens += probes.prompt_tokens;
  totals.cached_tokens += probes.cached_tokens;
  totals.completion_tokens += probes.completion_tokens;
  totals.cost_usd += probes.cost_usd.value_or(0.0);
  if (const auto fields = value_of(database, kLeftOutKey)) {
    totals.left_out = text::split(*fields, ',');
  }
  Statement models(database, "SELECT DISTINCT model FROM server_answer ORDER BY model");
  while (models.step()) totals.models.push_back(models.text(0));
  Statement prints(database,
                   "SELECT DISTINCT fingerprint FROM server_answer WHERE fingerprint != '' "
                   "ORDER BY fingerprint");
  while (prints.step()) totals.fingerprints.push_back(prints.text(0));
  return totals;
}

}  // namespace firstlight::run_detail
