#include "firstlight/nn/domain_file.h"

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "firstlight/base/error.h"
#include "firstlight/nn/safetensors.h"
#include "firstlight/nn/weights_mark.h"

namespace firstlight::nn {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kText = "domains";

std::string tensor_name(const Domain& domain, std::size_t place, const char* what) {
  return domain.name + "." + std::to_string(place) + "." + what;
}

std::vector<float> numbers(const SafetensorsFile& file, const std::string& name,
                           const std::vector<std::int64_t>& shape) {
  const TensorView& tensor = file.at(name);
  if (tensor.shape != shape) {
    throw Error::input(file.path(), "tensor '" + name + "' has the shape " + tensor.shape_text());
  }
  std::vector<float> values = tensor.to_f32();
  for (const float value : values) {
    if (!std::isfinite(value)) {
      throw Error::input(file.path(), "tensor '" + name + "' holds a number that is not finite");
    }
  }
  return values;
}

DomainStream read_stream(const SafetensorsFile& file, const Domain& domain, const Json& json) {
  const std::size_t place = domain.streams.size();
  DomainStream stream;
  stream.data = json.at("data").get<std::string>();
  stream.samples = json.at("samples").get<std::size_t>();
  stream.threshold = json.at("threshold").get<double>();
  if (!(stream.threshold > 0)) {
    throw Error::input(file.path(), "a threshold of '" + domain.name + "' is not positive");
  }
  const std::string mean = tensor_name(domain, place, "mean");
  const auto n = static_cast<std::int64_t>(file.at(mean).numel());
  stream.mean = numbers(file, mean, {n});
  stream.whitening = numbers(file, tensor_name(domain, place, "whitening"), {n, n});
  return stream;
}

}  // namespace

std::optional<KnownDomains> read_domains(const std::string& folder) {
  const std::string path = folder + "/" + kDomainFile;
  if (!std::filesystem::exists(path)) return std::nullopt;
  const SafetensorsFile file = SafetensorsFile::open(path);
  const TensorView& text = file.at(kText);
  KnownDomains known;
  try {
    const auto* first = reinterpret_cast<const char*>(text.data);
    const Json json = Json::parse(first, first + text.bytes);
    if (!is_for_weights(json.at("weights").get<std::string>(), folder, path,
                        "write it again: firstlight model domain")) {
      return std::nullopt;
    }
    known.false_alarms = json.at("false_alarms").get<double>();
    for (const Json& item : json.at("domains")) {
      Domain& domain = known.domains.emplace_back();
      domain.name = item.at("name").get<std::string>();
      domain.tasks = item.at("tasks").get<std::vector<std::string>>();
      domain.words = item.at("words").get<std::vector<std::string>>();
      for (const Json& stream : item.at("streams")) {
        domain.streams.push_back(read_stream(file, domain, stream));
      }
    }
  } catch (const nlohmann::json::exception&) {
    // What it says may quote bytes that are no text.
    throw Error::input(path, std::string("the text '") + kText + "' is malformed",
                       "write it again: firstlight model domain");
  }
  return known;
}

void write_domains(const std::string& folder, const KnownDomains& known) {
  Json json = {{"weights", mark_of_weights(folder)},
               {"false_alarms", known.false_alarms},
               {"domains", Json::array()}};
  std::vector<TensorToWrite> tensors;
  for (const Domain& domain : known.domains) {
    Json item = {{"name", domain.name},
                 {"tasks", domain.tasks},
                 {"words", domain.words},
                 {"streams", Json::array()}};
    for (std::size_t i = 0; i < domain.streams.size(); ++i) {
      const DomainStream& stream = domain.streams[i];
      item["streams"].push_back(
          {{"data", stream.data}, {"samples", stream.samples}, {"threshold", stream.threshold}});
      const auto n = static_cast<std::int64_t>(stream.mean.size());
      tensors.push_back({tensor_name(domain, i, "mean"), Dtype::kF32, {n}, stream.mean.data()});
      tensors.push_back(
          {tensor_name(domain, i, "whitening"), Dtype::kF32, {n, n}, stream.whitening.data()});
    }
    json["domains"].push_back(std::move(item));
  }
  const std::string text = json.dump(1, ' ', false, Json::error_handler_t::replace);
  tensors.push_back({kText, Dtype::kU8, {static_cast<std::int64_t>(text.size())}, text.data()});
  write_safetensors(folder + "/" + kDomainFile, tensors);
}

}  // namespace firstlight::nn
