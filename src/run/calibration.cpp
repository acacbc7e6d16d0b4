#include "firstlight/run/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "calibration_codec.h"
#include "database.h"
#include "files.h"
#include "firstlight/base/error.h"

namespace firstlight {
namespace {

using Json = nlohmann::ordered_json;

void check_same_kind(const RunStore& fitted, const RunStore& other) {
  for (const char* key : {"model.sha256", "task.sha256", "pixels.settings_sha256", "passes"}) {
    if (fitted.config().setting(key) == other.config().setting(key)) continue;
    throw Error::usage(other.folder(),
                       fmt::format("differs from {} in {}: a calibration is for one model, task "
                                   "and preparation",
                                   fitted.folder(), key),
                       "classify both with the same model, task file and --passes");
  }
}

void check_apart(const RunStore& fitted, const RunStore& other) {
  std::set<std::string> ids;
  fitted.for_each([&](const SampleRecord& record) {
    if (record.ok && record.truth_class) ids.insert(record.id);
  });
  std::size_t common = 0;
  std::string example;
  other.for_each([&](const SampleRecord& record) {
    if (ids.count(record.id) == 0) return;
    if (common++ == 0) example = record.id;
  });
  if (common > 0) {
    throw Error::usage(other.folder(),
                       fmt::format("holds {} of the samples that the calibration was fitted on, "
                                   "'{}' for one",
                                   common, example),
                       "fit on other samples, for instance by --split validation");
  }
}

}  // namespace

std::string run_detail::encode_calibration(const RunCalibration& c) {
  const Json json = {{"method", to_string(c.calibration.method)},
                     {"slope", c.calibration.slope},
                     {"offsets", c.calibration.offsets},
                     {"coverage", c.coverage},
                     {"set_threshold", c.set_threshold},
                     {"normalisation", to_string(c.normalisation)},
                     {"average_orders", c.average_passes},
                     {"samples", c.samples},
                     {"run", c.run}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<RunCalibration> run_detail::decode_calibration(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    const auto method = calibration_method(json.at("method").get<std::string>());
    const auto named = normalisation(json.at("normalisation").get<std::string>());
    if (!method || !named) return std::nullopt;
    RunCalibration c;
    c.calibration = {*method, json.at("slope").get<double>(),
                     json.at("offsets").get<std::vector<double>>()};
    c.coverage = json.at("coverage").get<double>();
    c.set_threshold = json.at("set_threshold").get<double>();
    c.normalisation = *named;
    c.average_passes = json.at("average_orders").get<bool>();
    c.samples = json.at("samples").get<std::size_t>();
    c.run = json.at("run").get<std::string>();
    return c;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

void run_detail::write_calibration(Database& database, const RunCalibration& calibration) {
  database.execute(
      "CREATE TABLE IF NOT EXISTS calibration(id INTEGER PRIMARY KEY CHECK(id = 1), "
      "record TEXT NOT NULL)");
  Statement insert(database, "INSERT OR REPLACE INTO calibration(id, record) VALUES(1, ?)");
  insert.bind(std::string_view(encode_calibration(calibration))).run();
}

RunCalibration calibrate_run(const RunStore& run, const Interpretation& interpretation,
                             CalibrationMethod method, double coverage) {
  std::vector<double> probabilities;
  std::vector<ClassId> truth;
  run.for_each([&](const SampleRecord& record) {
    if (!record.ok || !record.truth_class) return;
    const Prediction prediction = predict(record, interpretation);
    probabilities.insert(probabilities.end(), prediction.probabilities.begin(),
                         prediction.probabilities.end());
    truth.push_back(*record.truth_class);
  });
  if (truth.empty()) {
    throw Error::input(run.folder(), "no classified sample has a truth to fit a calibration to",
                       "name the truth in DATA, for instance folder:DIR?truth=subfolder");
  }
  const std::size_t classes = run.task().size();
  RunCalibration result;
  result.calibration = fit_calibration(method, probabilities, classes, truth);
  result.coverage = coverage;
  result.set_threshold = conformal_threshold(probabilities, classes, truth, coverage);
  result.normalisation = interpretation.normalisation;
  result.average_passes = interpretation.average_passes;
  result.samples = truth.size();
  result.run = run.folder();
  return result;
}

void apply_calibration(const RunCalibration& calibration, const RunStore& fitted,
                       const std::string& folder) {
  {
    const RunStore other = RunStore::open(folder);
    check_same_kind(fitted, other);
    check_apart(fitted, other);
  }
  const run_detail::RunLock lock(folder);
  run_detail::Database database(folder + "/run.sqlite", run_detail::Database::Mode::kWrite);
  database.execute("BEGIN IMMEDIATE");
  run_detail::write_calibration(database, calibration);
  database.execute("COMMIT");
}

}  // namespace firstlight
