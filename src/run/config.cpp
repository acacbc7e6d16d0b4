#include "firstlight/run/config.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "firstlight/base/error.h"
#include "firstlight/base/hash.h"
#include "firstlight/base/text.h"

namespace firstlight {
namespace {

using Json = nlohmann::json;
using Settings = std::map<std::string, std::string>;

Json nest(const Settings& settings) {
  Json json = Json::object();
  for (const auto& [key, value] : settings) {
    json[Json::json_pointer("/" + text::replace_all(key, ".", "/"))] = value;
  }
  return json;
}

void flatten(const Json& json, const std::string& prefix, Settings& out) {
  for (const auto& [key, value] : json.items()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (value.is_object()) {
      flatten(value, name, out);
    } else {
      out[name] = value.get<std::string>();
    }
  }
}

std::string shown(const Settings& settings, const std::string& key) {
  const auto found = settings.find(key);
  return found == settings.end() ? "not set" : "'" + found->second + "'";
}

}  // namespace

std::string RunConfig::setting(const std::string& key) const {
  const auto found = settings.find(key);
  return found == settings.end() ? std::string() : found->second;
}

std::string RunConfig::to_json() const {
  const Json json = {{"settings", nest(settings)}, {"machine", nest(machine)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

RunConfig RunConfig::from_json(const std::string& json, const std::string& origin) {
  try {
    const Json parsed = Json::parse(json);
    RunConfig config;
    flatten(parsed.at("settings"), "", config.settings);
    flatten(parsed.at("machine"), "", config.machine);
    return config;
  } catch (const Json::exception& e) {
    throw Error::input(origin, std::string("malformed run configuration: ") + e.what());
  }
}

std::vector<std::string> differences(const RunConfig& before, const RunConfig& now) {
  std::set<std::string> keys;
  for (const auto& [key, value] : before.settings) keys.insert(key);
  for (const auto& [key, value] : now.settings) keys.insert(key);
  std::vector<std::string> lines;
  for (const std::string& key : keys) {
    const std::string was = shown(before.settings, key);
    const std::string is = shown(now.settings, key);
    if (was != is) lines.push_back(fmt::format("{}: was {}, is {}", key, was, is));
  }
  return lines;
}

std::string pixel_settings_hash(const Task& task) {
  ContentHash hash;
  const auto optional = [](const auto& value) {
    return value ? fmt::format("{}", *value) : std::string("-");
  };
  for (const ViewSettings& view : task.views) {
    const StretchSettings& s = view.stretch;
    // One line a view; fmt writes the shortest form that reads back the same.
    hash.update(fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}\n", view.name, s.kind,
                            optional(s.low), optional(s.high), optional(s.softening), s.percentile,
                            s.stretch, s.contrast, s.limits_from, s.invert, view.crop,
                            optional(view.resize), view.resize_filter));
    if (!view.shrink.empty()) hash.update("shrink|" + view.shrink + "\n");
  }
  if (task.layout != ViewLayout::kSeparate) {
    hash.update(fmt::format("layout|{}\n", static_cast<int>(task.layout)));
  }
  return hash.hex();
}

}  // namespace firstlight
