#include "network_config.h"

#include <algorithm>

#include "firstlight/base/text.h"
#include "firstlight/nn/network.h"

namespace firstlight::nn {

using nlohmann::json;

void require_known(const json& object, const JsonReader& reader,
                   const std::vector<std::string>& known) {
  for (const auto& item : object.items()) {
    if (std::find(known.begin(), known.end(), item.key()) == known.end()) {
      throw reader.error(item.key(), "is unknown; known are " + text::join(known, ", "));
    }
  }
}

std::vector<std::string> read_network_classes(const JsonReader& root) {
  std::vector<std::string> keys;
  const json* classes = root.find("classes");
  if (classes == nullptr) return keys;
  if (!classes->is_array() || classes->size() < 2 || classes->size() > 10'000) {
    throw root.error("classes", "must be a list of two or more keys");
  }
  for (const json& key : *classes) {
    if (!key.is_string()) throw root.error("classes", "must be a list of two or more keys");
    const auto name = key.get<std::string>();
    if (std::find(keys.begin(), keys.end(), name) != keys.end()) {
      throw root.error("classes", "has '" + name + "' twice");
    }
    keys.push_back(name);
  }
  return keys;
}

SiteInput read_site_input(const JsonReader& root) {
  SiteInput input;
  const json* object = root.find("input");
  if (object == nullptr) return input;
  if (!object->is_object()) throw root.error("input", "must be an object");
  const JsonReader r(*object, root.origin(), "input.");
  require_known(*object, r, {"channels", "sparse", "inverted", "size"});
  input.channels = static_cast<int>(r.integer("channels", 1, 1, 3));
  if (input.channels == 2) throw r.error("channels", "must be 1 or 3");
  input.sparse = r.boolean("sparse", true);
  input.inverted = r.boolean("inverted", false);
  if (r.has("size")) input.size = static_cast<int>(r.integer("size", 0, 1, 8192));
  return input;
}

double read_rate(const JsonReader& r, const char* key) {
  const double value = r.number(key, 0);
  if (value < 0 || value >= 1) throw r.error(key, "must be from 0 to below 1");
  return value;
}

std::string finished_network_config(const std::string& architecture,
                                    const std::vector<std::string>& classes,
                                    const std::string& task) {
  auto object = nlohmann::ordered_json::parse(architecture);
  object["classes"] = classes;
  object["task"] = task;
  return object.dump(2) + "\n";
}

}  // namespace firstlight::nn
