#include "firstlight/score/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "firstlight/base/error.h"
#include "firstlight/base/random.h"
#include "firstlight/base/text.h"

namespace firstlight {
namespace {

using Json = nlohmann::json;

constexpr double kTolerance = 1e-9;

const Json& fixtures() {
  static const Json json = Json::parse(
      text::read_file(std::string(FIRSTLIGHT_TEST_DIR) + "/unit/score/calibration_fixtures.json"));
  return json;
}

struct Samples {
  std::size_t classes;
  std::vector<double> probabilities;
  std::vector<ClassId> truth;
};

Samples samples_of(const Json& fixture) {
  Samples samples{fixture["classes"], fixture["probabilities"], {}};
  for (const Json& truth : fixture["truth"]) samples.truth.push_back(ClassId{truth.get<int>()});
  return samples;
}

Calibration fit(CalibrationMethod method, const Samples& s) {
  return fit_calibration(method, s.probabilities, s.classes, s.truth);
}

void expect_example(const Calibration& calibration, const Samples& s, const Json& want) {
  for (std::size_t i = 0; i * s.classes < want.size(); ++i) {
    const auto p = calibrate(calibration, {s.probabilities.data() + i * s.classes, s.classes});
    for (std::size_t k = 0; k < s.classes; ++k) {
      EXPECT_NEAR(p[k], want[i * s.classes + k].get<double>(), kTolerance);
    }
  }
}

class Calibrations : public testing::TestWithParam<std::size_t> {
 protected:
  const Json& want() const { return fixtures()[GetParam()]; }
};

TEST_P(Calibrations, TemperatureEqualsTheReference) {
  const Samples s = samples_of(want());
  const Calibration c = fit(CalibrationMethod::kTemperature, s);
  EXPECT_NEAR(c.slope, want()["temperature_slope"].get<double>(), kTolerance);
  EXPECT_TRUE(c.offsets.empty());
  expect_example(c, s, want()["temperature_example"]);
}

TEST_P(Calibrations, PlattEqualsTheReference) {
  const Samples s = samples_of(want());
  const Calibration c = fit(CalibrationMethod::kPlatt, s);
  EXPECT_NEAR(c.slope, want()["platt_slope"].get<double>(), kTolerance);
  for (std::size_t k = 0; k < s.classes; ++k) {
    EXPECT_NEAR(c.offsets[k], want()["platt_offsets"][k].get<double>(), kTolerance);
  }
  expect_example(c, s, want()["platt_example"]);
}

TEST_P(Calibrations, ConformalThresholdsEqualTheReference) {
  const Samples s = samples_of(want());
  for (const auto& [coverage, threshold] : want()["conformal"].items()) {
    EXPECT_EQ(conformal_threshold(s.probabilities, s.classes, s.truth, std::stod(coverage)),
              threshold.get<double>());
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Calibrations, testing::Range(std::size_t{0}, fixtures().size()));

TEST(Temperature, KeepsTheLabelAndStaysInItsBounds) {
  const std::vector<double> p = {0.5, 0.3, 0.2};
  const auto sharp = calibrate({CalibrationMethod::kTemperature, 3, {}}, p);
  EXPECT_GT(sharp[0], 0.5);
  EXPECT_GT(sharp[1], sharp[2]);
  EXPECT_NEAR(sharp[0] / sharp[1], std::pow(0.5 / 0.3, 3), 1e-12);
  const std::vector<double> right = {0.9, 0.1, 0.2, 0.8};
  const std::vector<ClassId> truth = {ClassId{0}, ClassId{1}};
  EXPECT_EQ(fit_calibration(CalibrationMethod::kTemperature, right, 2, truth).slope, 1e3);
  const std::vector<ClassId> wrong = {ClassId{1}, ClassId{0}};
  EXPECT_EQ(fit_calibration(CalibrationMethod::kTemperature, right, 2, wrong).slope, 1e-3);
}

TEST(Platt, IsFiniteWhereClassesAreSeparatedOrAbsent) {
  const std::vector<double> p = {0.9, 0.05, 0.05, 0.8, 0.1, 0.1, 0.05, 0.9, 0.05};
  const std::vector<ClassId> truth = {ClassId{0}, ClassId{0}, ClassId{1}};
  const Calibration c = fit_calibration(CalibrationMethod::kPlatt, p, 3, truth);
  EXPECT_TRUE(std::isfinite(c.slope));
  double sum = 0;
  for (const double b : c.offsets) sum += b;
  EXPECT_NEAR(sum, 0, 1e-12);
  // Probabilities that say nothing leave the slope alone and give the classes' shares.
  const std::vector<double> flat(9, 1.0 / 3);
  const auto shares =
      calibrate(fit_calibration(CalibrationMethod::kPlatt, flat, 3, truth), {flat.data(), 3});
  EXPECT_GT(shares[0], shares[1]);
  EXPECT_GT(shares[1], shares[2]);
}

TEST(Calibrate, ProbabilitiesOfZeroStaySmallAndFinite) {
  const std::vector<double> p = {1.0, 0.0};
  const auto q = calibrate({CalibrationMethod::kTemperature, 0.5, {}}, p);
  EXPECT_NEAR(q[0] + q[1], 1, 1e-15);
  EXPECT_LT(q[1], 1e-150);
}

TEST(Conformal, CoversNewSamplesAtLeastAsOftenAsPromised) {
  Random random(5);
  double covered = 0;
  double trials = 0;
  for (int repeat = 0; repeat < 200; ++repeat) {
    const auto draw = [&](std::size_t n, std::vector<double>& p, std::vector<ClassId>& truth) {
      for (std::size_t i = 0; i < n; ++i) {
        const double x = random.uniform();
        p.insert(p.end(), {x, 1 - x});
        // The model is too sure: the truth follows a flatter curve.
        truth.push_back(ClassId{random.chance(0.25 + 0.5 * x) ? 0 : 1});
      }
    };
    std::vector<double> p;
    std::vector<double> new_p;
    std::vector<ClassId> truth;
    std::vector<ClassId> new_truth;
    draw(39, p, truth);
    draw(50, new_p, new_truth);
    const double threshold = conformal_threshold(p, 2, truth, 0.9);
    for (std::size_t i = 0; i < new_truth.size(); ++i) {
      const auto set = conformal_set({new_p.data() + 2 * i, 2}, threshold);
      covered += std::find(set.begin(), set.end(), new_truth[i]) != set.end();
      ++trials;
    }
  }
  // (n + 1) coverage is whole here, so that the coverage is exact: 0.9.
  EXPECT_NEAR(covered / trials, 0.9, 0.012);
}

TEST(Conformal, TooFewSamplesLeaveEveryClass) {
  const std::vector<double> p = {0.9, 0.1};
  const std::vector<ClassId> truth = {ClassId{0}};
  EXPECT_EQ(conformal_threshold(p, 2, truth, 0.9), 0);
  EXPECT_EQ(conformal_set({p.data(), 2}, 0).size(), 2u);
  EXPECT_THROW(conformal_threshold(p, 2, truth, 1.0), Error);
  EXPECT_THROW(fit_calibration(CalibrationMethod::kPlatt, {}, 2, {}), Error);
  EXPECT_THROW(fit_calibration(CalibrationMethod::kPlatt, p, 3, truth), Error);
}

TEST(CalibrationMethods, HaveNames) {
  for (const auto method : {CalibrationMethod::kTemperature, CalibrationMethod::kPlatt}) {
    EXPECT_EQ(calibration_method(to_string(method)), method);
  }
  EXPECT_FALSE(calibration_method("isotonic"));
}

}  // namespace
}  // namespace firstlight
