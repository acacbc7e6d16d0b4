#include "firstlight/run/calibration.h"

#include <cmath>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/run/runner.h"
#include "test_run.h"

namespace firstlight {
namespace {

/// A finished run of samples `first` to `first` + 29, which the model is too sure of: its label is
/// right for two in three.
RunStore make_run(const std::string& folder, std::uint64_t first,
                  const std::string& model = "abc") {
  RunConfig config = config_of(30);
  config.settings["model.sha256"] = model;
  config.settings["passes"] = "main";
  RunStore run = RunStore::create(folder, config, two_class_task(), {});
  for (std::uint64_t i = 0; i < 30; ++i) {
    SampleRecord record = record_of(i);
    record.id = "sample-" + std::to_string(first + i);
    record.truth_class = ClassId{i % 3 == 0 ? 1 : 0};
    record.scores = {{"main", scores_of(-0.05, -3.0 - 0.05 * static_cast<double>(i))}};
    run.append(record);
  }
  run.finish();
  return run;
}

class CalibrationOfARun : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path(name); }

 private:
  TemporaryFolder folder_;
};

TEST_F(CalibrationOfARun, IsKeptWithAnotherRunAndReadWithIt) {
  const RunStore fitted = make_run(path("fit"), 0);
  make_run(path("other"), 100);
  const RunCalibration made =
      calibrate_run(fitted, interpretation_of(fitted), CalibrationMethod::kTemperature, 0.8);
  EXPECT_GT(1 / made.calibration.slope, 2) << "the model is too sure";
  EXPECT_EQ(made.samples, 30u);
  EXPECT_FALSE(RunStore::open(path("other")).calibration());
  apply_calibration(made, fitted, path("other"));

  const RunStore other = RunStore::open(path("other"));
  const auto read = other.calibration();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->calibration, made.calibration);
  EXPECT_EQ(read->set_threshold, made.set_threshold);
  EXPECT_EQ(read->coverage, 0.8);
  EXPECT_EQ(read->run, path("fit"));
  const Prediction prediction = predict(*other.at(3), interpretation_of(other));
  ASSERT_EQ(prediction.calibrated.size(), 2u);
  EXPECT_NEAR(
      prediction.calibrated[0] / prediction.calibrated[1],
      std::pow(prediction.probabilities[0] / prediction.probabilities[1], made.calibration.slope),
      1e-9);
  EXPECT_LT(prediction.calibrated[0], prediction.probabilities[0]);
  EXPECT_FALSE(prediction.conformal_set.empty());
}

TEST_F(CalibrationOfARun, AnotherOneTakesItsPlace) {
  const RunStore fitted = make_run(path("fit"), 0);
  make_run(path("other"), 100);
  const Interpretation interpretation = interpretation_of(fitted);
  for (const auto method : {CalibrationMethod::kTemperature, CalibrationMethod::kPlatt}) {
    apply_calibration(calibrate_run(fitted, interpretation, method, 0.9), fitted, path("other"));
    EXPECT_EQ(RunStore::open(path("other")).calibration()->calibration.method, method);
  }
}

TEST_F(CalibrationOfARun, IsUsedOnlyWithWhatItWasFittedTo) {
  const RunStore fitted = make_run(path("fit"), 0);
  make_run(path("other"), 100);
  apply_calibration(
      calibrate_run(fitted, interpretation_of(fitted), CalibrationMethod::kTemperature, 0.9),
      fitted, path("other"));
  const RunStore other = RunStore::open(path("other"));
  Interpretation interpretation = interpretation_of(other);
  EXPECT_TRUE(interpretation.is_calibrated());
  interpretation.normalisation = Normalisation::kMean;
  EXPECT_FALSE(interpretation.is_calibrated());
  EXPECT_TRUE(predict(*other.at(0), interpretation).calibrated.empty());
}

TEST_F(CalibrationOfARun, RefusesItsOwnSamplesAndOtherModels) {
  const RunStore fitted = make_run(path("fit"), 0);
  make_run(path("overlap"), 20);
  make_run(path("model"), 100, "def");
  const RunCalibration made =
      calibrate_run(fitted, interpretation_of(fitted), CalibrationMethod::kTemperature, 0.9);
  const auto message = [&](const std::string& folder) -> std::string {
    try {
      apply_calibration(made, fitted, folder);
    } catch (const Error& e) {
      return e.what();
    }
    return {};
  };
  EXPECT_NE(message(path("overlap")).find("holds 10 of the samples"), std::string::npos);
  EXPECT_NE(message(path("fit")).find("holds 30 of the samples"), std::string::npos);
  EXPECT_NE(message(path("model")).find("model.sha256"), std::string::npos);
  EXPECT_FALSE(RunStore::open(path("overlap")).calibration());
}

TEST_F(CalibrationOfARun, NeedsTruth) {
  RunStore run = RunStore::create(path("blind"), config_of(1), two_class_task(), {});
  SampleRecord record = record_of(0);
  record.truth_class.reset();
  run.append(record);
  run.finish();
  EXPECT_THROW(calibrate_run(run, interpretation_of(run), CalibrationMethod::kTemperature, 0.9),
               Error);
}

}  // namespace
}  // namespace firstlight
