#include "firstlight/run/model_calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "calibration_codec.h"
#include "firstlight/base/error.h"
#include "firstlight/base/log.h"
#include "firstlight/base/text.h"
#include "firstlight/nn/weights_mark.h"
#include "firstlight/registry/registry.h"

namespace firstlight {
namespace {

using Json = nlohmann::ordered_json;
using Settings = std::map<std::string, std::string>;

constexpr const char* kAgain = "write it again: firstlight calibrate RUN --keep";

/// The settings by which a run is of the kind that a calibration is for.
constexpr const char* kKind[] = {"task.sha256", "pixels.settings_sha256", "passes",
                                 "normalisation"};

std::string setting(const Settings& settings, const char* key) {
  const auto found = settings.find(key);
  return found == settings.end() ? std::string() : found->second;
}

bool has_kind(const Json& entry, const Settings& settings) {
  return std::all_of(std::begin(kKind), std::end(kKind), [&](const char* key) {
    return entry.at(key).get<std::string>() == setting(settings, key);
  });
}

std::string path_in(const std::string& folder) { return folder + "/" + kCalibrationFile; }

Error damaged(const std::string& folder) {
  return Error::input(path_in(folder), "is no file of calibrations", kAgain);
}

/// The entries of a folder's file; none where it has no file or one for other weights.
Json read_entries(const std::string& folder) {
  if (!std::filesystem::exists(path_in(folder))) return Json::array();
  try {
    const Json json = Json::parse(text::read_file(path_in(folder)));
    if (json.at("weights").get<std::string>() != nn::mark_of_weights(folder)) {
      log_warning(path_in(folder) +
                  ": is for other weights than the folder's, so it is left alone");
      return Json::array();
    }
    return json.at("calibrations");
  } catch (const Json::exception&) {
    throw damaged(folder);
  }
}

}  // namespace

std::string keep_with_model(const RunCalibration& calibration, const RunStore& run) {
  const Settings& settings = run.config().settings;
  const std::string folder = model_folder(setting(settings, "model.spec"));
  const auto now = open_classifier(setting(settings, "model.spec"), run.task())->content_hash();
  if (now != setting(settings, "model.sha256")) {
    throw Error::usage(run.folder(), "was made by another state of the model in " + folder,
                       "classify again with the model as it is");
  }
  Json kept = Json::array();
  RunCalibration portable = calibration;
  portable.run = setting(settings, "data.spec");
  try {
    for (const Json& entry : read_entries(folder)) {
      if (!has_kind(entry, settings)) kept.push_back(entry);
    }
    Json added = {{"task", setting(settings, "task.name")}};
    for (const char* key : kKind) added[key] = setting(settings, key);
    added["record"] = Json::parse(run_detail::encode_calibration(portable));
    kept.push_back(added);
  } catch (const Json::exception&) {
    throw damaged(folder);
  }
  const Json json = {{"weights", nn::mark_of_weights(folder)}, {"calibrations", kept}};
  text::write_file_atomically(path_in(folder), json.dump(1) + "\n");
  return path_in(folder);
}

RunCalibration model_calibration(const Settings& settings) {
  const std::string folder = model_folder(setting(settings, "model.spec"));
  std::vector<std::string> others;
  try {
    for (const Json& entry : read_entries(folder)) {
      if (!has_kind(entry, settings)) {
        others.push_back(fmt::format("{} ({}, {})", entry.at("task").get<std::string>(),
                                     entry.at("passes").get<std::string>(),
                                     entry.at("normalisation").get<std::string>()));
        continue;
      }
      auto found = run_detail::decode_calibration(entry.at("record").dump());
      if (!found) throw damaged(folder);
      return *found;
    }
  } catch (const Json::exception&) {
    throw damaged(folder);
  }
  throw Error::usage(
      "--calibrated",
      fmt::format("{} brings no calibration for this task with passes {} and normalisation {}",
                  folder, setting(settings, "passes"), setting(settings, "normalisation")),
      others.empty() ? "fit one: firstlight calibrate RUN --apply OTHER"
                     : "it has those of " + text::join(others, ", "));
}

}  // namespace firstlight
