#include "firstlight/nn/statement_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/nn/weights_mark.h"

namespace firstlight::nn {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kAgain = "write it again: firstlight model statements";

Json to_json(const Calibration& calibration) {
  return {{"slope", calibration.slope}, {"offsets", calibration.offsets}};
}

/// Of a scaling for `classes` classes, or an empty one.
Calibration read_calibration(const Json& json, std::size_t classes, const std::string& path) {
  Calibration calibration{CalibrationMethod::kPlatt, json.at("slope").get<double>(),
                          json.at("offsets").get<std::vector<double>>()};
  const auto& offsets = calibration.offsets;
  if (!std::isfinite(calibration.slope) || (!offsets.empty() && offsets.size() != classes) ||
      !std::all_of(offsets.begin(), offsets.end(), [](double b) { return std::isfinite(b); })) {
    throw Error::input(path, "a slope or its offsets are no scaling", kAgain);
  }
  return calibration;
}

Json to_json(const StatementFit& fit) {
  Json json = {{"tasks", fit.tasks},
               {"data", fit.data},
               {"views", fit.views},
               {"attributes", Json::array()}};
  for (const StatementFit::Of& of : fit.attributes) {
    json["attributes"].push_back({{"attribute", of.attribute},
                                  {"values", of.values},
                                  {"samples", of.samples},
                                  {"common", of.common},
                                  {"which", to_json(of.which)},
                                  {"applies", to_json(of.applies)}});
  }
  return json;
}

StatementFit read_fit(const Json& json, const std::string& path) {
  StatementFit fit;
  fit.tasks = json.at("tasks").get<std::vector<std::string>>();
  fit.data = json.at("data").get<std::vector<std::string>>();
  fit.views = json.at("views").get<std::size_t>();
  for (const Json& item : json.at("attributes")) {
    StatementFit::Of& of = fit.attributes.emplace_back();
    of.attribute = item.at("attribute").get<std::string>();
    of.values = item.at("values").get<std::vector<std::string>>();
    of.samples = item.at("samples").get<std::size_t>();
    of.common = item.at("common").get<std::vector<double>>();
    if (of.common.size() != of.values.size()) {
      throw Error::input(path, "'" + of.attribute + "' has not as many frequencies as values",
                         kAgain);
    }
    of.which = read_calibration(item.at("which"), of.values.size(), path);
    of.applies = read_calibration(item.at("applies"), 2, path);
    if (of.which.offsets.empty() != of.applies.offsets.empty()) {
      throw Error::input(path, "'" + of.attribute + "' has one scaling of two", kAgain);
    }
  }
  return fit;
}

}  // namespace

std::vector<StatementFit> read_statement_fits(const std::string& folder) {
  const std::string path = folder + "/" + kStatementFile;
  std::vector<StatementFit> fits;
  if (!std::filesystem::exists(path)) return fits;
  try {
    const Json json = Json::parse(text::read_file(path));
    if (!is_for_weights(json.at("weights").get<std::string>(), folder, path, kAgain)) return fits;
    for (const Json& item : json.at("fits")) fits.push_back(read_fit(item, path));
  } catch (const nlohmann::json::exception&) {
    throw Error::input(path, "is no file of fitted statements", kAgain);
  }
  return fits;
}

void add_statement_fits(const std::string& folder, const std::vector<StatementFit>& added) {
  std::vector<StatementFit> fits = read_statement_fits(folder);
  for (const StatementFit& fit : added) {
    const auto same = std::find_if(fits.begin(), fits.end(), [&](const StatementFit& other) {
      return other.tasks == fit.tasks && other.views == fit.views;
    });
    if (same != fits.end()) {
      *same = fit;
    } else {
      fits.push_back(fit);
    }
  }
  Json json = {{"weights", mark_of_weights(folder)}, {"fits", Json::array()}};
  for (const StatementFit& one : fits) json["fits"].push_back(to_json(one));
  const std::string path = folder + "/" + kStatementFile;
  std::ofstream file(path);
  file << json.dump(1) << "\n";
  if (!file.flush()) throw Error::internal(path, "cannot be written");
}

}  // namespace firstlight::nn
