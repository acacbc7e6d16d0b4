#include "firstlight/run/model_calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "calibration_codec.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/nn/weights_mark.h"
#include "firstlight/registry/registry.h"

namespace firstlight {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kAgain = "write it again: firstlight calibrate RUN --keep";

/// The settings by which a run is of the kind that a calibration is for.
constexpr const char* kKind[] = {"task.sha256", "pixels.settings_sha256", "passes",
                                 "normalisation"};

bool has_kind(const Json& entry, const RunConfig& config) {
  return std::all_of(std::begin(kKind), std::end(kKind), [&](const char* key) {
    return entry.at(key).get<std::string>() == config.setting(key);
  });
}

std::string path_in(const std::string& folder) { return folder + "/" + nn::kCalibrationFile; }

Error damaged(const std::string& folder) {
  return Error::input(path_in(folder), "is no file of calibrations", kAgain);
}

/// The entries of a folder's file; none where it has no file or one for other weights.
Json read_entries(const std::string& folder) {
  if (!std::filesystem::exists(path_in(folder))) return Json::array();
  try {
    const Json json = Json::parse(text::read_file(path_in(folder)));
    if (!nn::is_for_weights(json.at("weights").get<std::string>(), folder, path_in(folder),
                            kAgain)) {
      return Json::array();
    }
    return json.at("calibrations");
  } catch (const Json::exception&) {
    throw damaged(folder);
  }
}

}  // namespace

std::string keep_with_model(const RunCalibration& calibration, const RunStore& run) {
  const RunConfig& config = run.config();
  const std::string folder = model_folder(config.setting("model.spec"));
  const auto now = open_classifier(config.setting("model.spec"), run.task())->content_hash();
  if (now != config.setting("model.sha256")) {
    throw Error::usage(run.folder(), "was made by another state of the model in " + folder,
                       "classify again with the model as it is");
  }
  Json kept = Json::array();
  RunCalibration portable = calibration;
  portable.run = config.setting("data.spec");
  try {
    for (const Json& entry : read_entries(folder)) {
      if (!has_kind(entry, config)) kept.push_back(entry);
    }
    Json added = {{"task", config.setting("task.name")}};
    for (const char* key : kKind) added[key] = config.setting(key);
    added["record"] = Json::parse(run_detail::encode_calibration(portable));
    kept.push_back(added);
  } catch (const Json::exception&) {
    throw damaged(folder);
  }
  const Json json = {{"weights", nn::mark_of_weights(folder)}, {"calibrations", kept}};
  text::write_file_atomically(path_in(folder), json.dump(1) + "\n");
  return path_in(folder);
}

RunCalibration model_calibration(const RunConfig& config) {
  const std::string folder = model_folder(config.setting("model.spec"));
  std::vector<std::string> others;
  try {
    for (const Json& entry : read_entries(folder)) {
      if (!has_kind(entry, config)) {
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
                  folder, config.setting("passes"), config.setting("normalisation")),
      others.empty() ? "fit one: firstlight calibrate RUN --apply OTHER"
                     : "it has those of " + text::join(others, ", "));
}

}  // namespace firstlight
