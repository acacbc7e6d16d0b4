#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "csv_field.h"
#include "firstlight/base/error.h"
#include "firstlight/report/table.h"
#include "firstlight/run/contents.h"

namespace firstlight {
namespace {

using Json = nlohmann::ordered_json;

void check(const std::ostream& out) {
  if (!out) throw Error::internal("export", "cannot write the output", "is the disk full?");
}

Json scores_json(const Task& task, const LabelScores& scores) {
  Json json = Json::object();
  for (std::size_t c = 0; c < task.size(); ++c) {
    const AnswerScore& answer = scores.answers[c];
    json[task.classes[c].key] = {{"token_ids", answer.token_ids}, {"logprobs", answer.logprobs}};
  }
  return json;
}

/// {"text", "label", "tokens", "ended"}; null where the sample failed.
Json free_text_json(const Task& task, const std::optional<FreeText>& written) {
  if (!written) return nullptr;
  return {
      {"text", written->text},
      {"label", written->label ? Json(task.classes[written->label->index()].key) : Json(nullptr)},
      {"tokens", written->tokens},
      {"ended", written->ended}};
}

Json sample_json(const Task& task, const SampleRecord& record,
                 const Interpretation& interpretation) {
  Json json;
  json["id"] = record.id;
  json["status"] = record.ok ? "ok" : "failed";
  json["truth"] =
      record.truth_class ? Json(task.classes[record.truth_class->index()].key) : Json(nullptr);
  json["label"] = nullptr;
  json["probabilities"] = nullptr;
  json["calibrated"] = nullptr;
  json["kind"] = nullptr;
  json["scores"] = nullptr;
  json["explanation"] = record.explanation ? Json(*record.explanation) : Json(nullptr);
  json["error"] = record.ok ? Json(nullptr) : Json(record.error);
  json["seconds"] = record.seconds;
  if (record.ok) {
    const Prediction prediction = predict(record, interpretation);
    json["label"] = task.classes[prediction.label.index()].key;
    Json probabilities = Json::object();
    for (std::size_t c = 0; c < task.size(); ++c) {
      probabilities[task.classes[c].key] = prediction.probabilities[c];
    }
    json["probabilities"] = probabilities;
    if (!prediction.calibrated.empty()) {
      json["calibrated"] = Json::object();
      for (std::size_t c = 0; c < task.size(); ++c) {
        json["calibrated"][task.classes[c].key] = prediction.calibrated[c];
      }
    }
    const LabelScores& main = *record.find("main");
    json["kind"] = to_string(main.kind);
    json["scores"] = scores_json(task, main);
  }
  Json metadata = Json::object();
  for (const Metadata& item : record.metadata)
    metadata[item.name] = to_json_value<Json>(item.value);
  json["metadata"] = metadata;
  return json;
}

}  // namespace

void write_csv(const Table& table, std::ostream& out) {
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    out << (c > 0 ? "," : "") << table.columns[c].name;
  }
  out << "\n";
  table.for_each_row([&](const std::vector<TableCell>& row) {
    for (std::size_t c = 0; c < row.size(); ++c) out << (c > 0 ? "," : "") << csv_field(row[c]);
    out << "\n";
    check(out);
  });
  out.flush();
  check(out);
}

void write_jsonl(const RunStore& run, const Interpretation& interpretation, std::ostream& out) {
  const bool texts = has_free_text(run.config());
  const bool domain = checks_domain(run);
  run.for_each([&](const SampleRecord& record) {
    Json json = sample_json(run.task(), record, interpretation);
    if (texts) json["free_text"] = free_text_json(run.task(), record.free_text);
    if (domain) {
      const std::string warning = warning_of(run, record);
      json["domain_score"] = record.domain_score ? Json(*record.domain_score) : Json(nullptr);
      json["warning"] = warning.empty() ? Json(nullptr) : Json(warning);
    }
    out << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
    check(out);
  });
  out.flush();
  check(out);
}

}  // namespace firstlight
