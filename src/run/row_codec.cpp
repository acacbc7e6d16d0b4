#include "row_codec.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "firstlight/base/text.h"

namespace firstlight::run_detail {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kMeasured = "measured";
constexpr const char* kTruth = "truth";
constexpr const char* kReal = "real";

std::string dump(const Json& json) {
  // File names need not be UTF-8; a replacement character is better than a lost run.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void put_number(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(0x80 | (value & 0x7f)));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

/// Takes numbers from the front of a byte string; `ok` turns false at the first malformed one.
struct Reader {
  std::string_view bytes;
  bool ok = true;

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes.empty()) break;
      const auto byte = static_cast<std::uint8_t>(bytes.front());
      bytes.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    ok = false;
    return 0;
  }

  /// A number of floats: never more than what is left.
  std::size_t count() {
    const std::uint64_t n = number();
    if (n > bytes.size() / 4) ok = false;
    return ok ? static_cast<std::size_t>(n) : 0;
  }

  double real() {
    if (bytes.size() < 4) {
      ok = false;
      return 0;
    }
    std::uint32_t bits = 0;
    for (int i = 3; i >= 0; --i) bits = bits << 8 | static_cast<std::uint8_t>(bytes[i]);
    bytes.remove_prefix(4);
    return static_cast<double>(std::bit_cast<float>(bits));
  }
};

/// JSON has no number for infinities, {"real": "inf"}; NaN is a missing value.
Json value_json(const MetadataValue& value) {
  const double* real = std::get_if<double>(&value);
  if (real == nullptr || !std::isinf(*real)) return to_json_value<Json>(value);
  Json json = Json::object();
  json[kReal] = to_text(value);
  return json;
}

MetadataValue from_json(const Json& json) {
  if (json.is_object()) {
    const auto real = text::parse_double(json.at(kReal).get<std::string>());
    if (real) return *real;
  }
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  return std::monostate{};
}

}  // namespace

std::string encode_logprobs(const std::vector<AnswerScore>& answers) {
  std::string out;
  for (const AnswerScore& answer : answers) put_number(out, answer.logprobs.size());
  for (const AnswerScore& answer : answers) {
    for (const double logprob : answer.logprobs) {
      const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(logprob));
      for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(bits >> shift));
    }
  }
  return out;
}

std::string encode_token_ids(const std::vector<AnswerScore>& answers) {
  Json json = Json::array();
  for (const AnswerScore& answer : answers) json.push_back(answer.token_ids);
  return json.dump();
}

std::optional<std::vector<AnswerScore>> decode_answers(const std::string& token_ids,
                                                       std::string_view logprobs) {
  const Json ids = Json::parse(token_ids, nullptr, false);
  if (!ids.is_array()) return std::nullopt;
  Reader reader{logprobs};
  std::vector<AnswerScore> answers(ids.size());
  for (AnswerScore& answer : answers) answer.logprobs.resize(reader.count());
  for (std::size_t a = 0; a < answers.size(); ++a) {
    for (double& logprob : answers[a].logprobs) logprob = reader.real();
    answers[a].token_ids = ids[a].get<std::vector<std::int32_t>>();
  }
  if (!reader.ok || !reader.bytes.empty()) return std::nullopt;
  return answers;
}

std::string encode_metadata(const std::vector<Metadata>& metadata) {
  Json json = Json::object();
  for (const Metadata& item : metadata) {
    json[item.provenance == Provenance::kTruth ? kTruth : kMeasured][item.name] =
        value_json(item.value);
  }
  return dump(json);
}

std::vector<Metadata> decode_metadata(const std::string& text) {
  const Json json = Json::parse(text);
  std::vector<Metadata> metadata;
  for (const auto& [name, provenance] :
       {std::pair{kMeasured, Provenance::kMeasured}, std::pair{kTruth, Provenance::kTruth}}) {
    const auto group = json.find(name);
    if (group == json.end()) continue;
    for (const auto& [key, value] : group->items()) {
      metadata.push_back({key, from_json(value), provenance});
    }
  }
  return metadata;
}

std::string encode_prepared(const PrepareRecord& prepared) { return dump(Json(prepared)); }

PrepareRecord decode_prepared(const std::string& json) {
  return Json::parse(json).get<PrepareRecord>();
}

std::optional<ClassId> class_of_key(const Task& task, std::string_view key) {
  for (std::size_t c = 0; c < task.size(); ++c) {
    if (task.classes[c].key == key) return ClassId{static_cast<std::int32_t>(c)};
  }
  return std::nullopt;
}

std::string encode_columns(const std::vector<ColumnInfo>& columns) {
  Json json = Json::array();
  for (const ColumnInfo& column : columns) {
    json.push_back({{"name", column.name},
                    {"provenance", column.provenance == Provenance::kTruth ? kTruth : kMeasured},
                    {"unit", column.unit},
                    {"description", column.description}});
  }
  return dump(json);
}

std::vector<ColumnInfo> decode_columns(const std::string& text) {
  std::vector<ColumnInfo> columns;
  for (const Json& item : Json::parse(text)) {
    columns.push_back({item.at("name").get<std::string>(),
                       item.at("provenance") == kTruth ? Provenance::kTruth : Provenance::kMeasured,
                       item.at("unit").get<std::string>(),
                       item.at("description").get<std::string>()});
  }
  return columns;
}

}  // namespace firstlight::run_detail
