#include "firstlight/eval/selection.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/eval/evaluation.h"
#include "tasks.h"

namespace firstlight {
namespace {

using Json = nlohmann::json;

constexpr double kTolerance = 1e-9;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

const Json& fixtures() {
  static const Json json = Json::parse(
      text::read_file(std::string(FIRSTLIGHT_TEST_DIR) + "/unit/eval/selection_fixtures.json"));
  return json;
}

std::vector<double> numbers(const Json& list) {
  std::vector<double> values;
  for (const Json& item : list) values.push_back(item.is_null() ? kNaN : item.get<double>());
  return values;
}

EvaluationInput input_of(const Json& want) {
  EvaluationInput input;
  for (const Json& truth : want["truth"]) input.truth.push_back(ClassId{truth.get<int>()});
  input.probabilities = numbers(want["probabilities"]);
  input.backgrounds = {{"tau", numbers(want["background_probabilities"]), {}}};
  if (!want["weights"].is_null()) {
    input.weights = numbers(want["weights"]);
    input.backgrounds[0].weights = numbers(want["background_weights"]);
  }
  input.against = {{{"energy", numbers(want["edges"]), 0}, "GeV", numbers(want["energy"]), {}},
                   {{"energy", {}, 7}, "GeV", numbers(want["energy"]), {}}};
  return input;
}

Evaluation evaluation_of(const Json& want, int resamples = 0) {
  EvaluationOptions options;
  options.resamples = resamples;
  options.exposure = want["exposure"];
  options.background_efficiencies = numbers(want["allowed"]);
  return evaluate(numbered_task(want["classes"]), input_of(want), options);
}

void expect_near(double value, const Json& want, const std::string& what) {
  if (want.is_null()) {
    EXPECT_FALSE(std::isfinite(value)) << what;
  } else {
    EXPECT_NEAR(value, want.get<double>(), kTolerance) << what;
  }
}

/// Value and both intervals.
void expect_fraction(const Estimate& estimate, const Json& want, const std::string& what) {
  expect_near(estimate.value, want["value"], what);
  expect_near(estimate.low, want["intervals"][0][0], what + " low");
  expect_near(estimate.high, want["intervals"][0][1], what + " high");
  if (want["value"].is_null()) {
    EXPECT_FALSE(estimate.undefined.empty()) << what;
    EXPECT_FALSE(estimate.one_sigma) << what;
    return;
  }
  ASSERT_TRUE(estimate.one_sigma) << what;
  expect_near(estimate.one_sigma->low, want["intervals"][1][0], what + " one sigma low");
  expect_near(estimate.one_sigma->high, want["intervals"][1][1], what + " one sigma high");
}

void expect_bins(const Against& column, const Json& want) {
  ASSERT_EQ(column.bins.size(), want.size());
  for (std::size_t b = 0; b < want.size(); ++b) {
    const AgainstBin& bin = column.bins[b];
    const std::string what = "bin " + std::to_string(b);
    expect_near(bin.low, want[b]["low"], what);
    expect_near(bin.high, want[b]["high"], what);
    expect_near(bin.count, want[b]["count"], what);
    expect_fraction(bin.accuracy, want[b]["accuracy"], what);
    for (std::size_t k = 0; k < bin.purity.size(); ++k) {
      expect_fraction(bin.efficiency[k], want[b]["efficiency"][k], what + " efficiency");
      expect_fraction(bin.purity[k], want[b]["purity"][k], what + " purity");
    }
  }
}

class Selections : public testing::TestWithParam<std::size_t> {
 protected:
  const Json& want() const { return fixtures()[GetParam()]; }
};

TEST_P(Selections, EfficiencyPurityAndTheirProductEqualTheReference) {
  const Evaluation e = evaluation_of(want());
  const Json json = Json::parse(to_json(e));
  for (std::size_t k = 0; k < e.classes.size(); ++k) {
    expect_near(e.per_class[k].product.value, want()["product"][k], "product");
    for (std::size_t p = 0; p < e.classes.size(); ++p) {
      for (const char* matrix : {"recall_matrix", "precision_matrix"}) {
        expect_near(json[matrix]["values"][k][p], want()[matrix][k][p], matrix);
      }
    }
    if (e.event_weights) {
      // With weights these intervals are by bootstrap, which this evaluation is without.
      expect_near(e.per_class[k].recall.value, want()["recall"][k]["value"], "efficiency");
      expect_near(e.per_class[k].precision.value, want()["precision"][k]["value"], "purity");
    } else {
      expect_fraction(e.per_class[k].recall, want()["recall"][k], "efficiency");
      expect_fraction(e.per_class[k].precision, want()["precision"][k], "purity");
    }
  }
}

TEST_P(Selections, WorkingPointsAreThoseOfTheReferencesCurve) {
  const Evaluation e = evaluation_of(want());
  for (std::size_t k = 0; k < e.classes.size(); ++k) {
    const auto& points = e.selection[k].working_points;
    ASSERT_EQ(points.size(), want()["allowed"].size());
    for (std::size_t i = 0; i < points.size(); ++i) {
      const Json& reference = want()["working_points"][k][i];
      const std::string what = "class " + std::to_string(k) + ", point " + std::to_string(i);
      EXPECT_EQ(points[i].allowed_background, reference["allowed"].get<double>());
      expect_near(points[i].threshold, reference["threshold"], what + " threshold");
      expect_near(points[i].efficiency.value, reference["tpr"], what);
      expect_fraction(points[i].efficiency, reference["efficiency"], what + " efficiency");
      expect_fraction(points[i].background, reference["background"], what + " background");
      expect_fraction(points[i].purity, reference["purity"], what + " purity");
    }
  }
}

TEST_P(Selections, SignificanceCountsBackgroundSamplesAndExposure) {
  const Evaluation e = evaluation_of(want());
  for (std::size_t k = 0; k < e.classes.size(); ++k) {
    const Json& reference = want()["significance"][k];
    const SelectionMetrics& s = e.selection[k];
    expect_near(s.best.threshold, reference["best_threshold"], "threshold");
    for (const auto& [figures, key] : {std::pair{&s.by_label, "by_label"}, {&s.best, "best"}}) {
      expect_near(figures->signal, reference[key][0], key);
      expect_near(figures->background, reference[key][1], key);
      expect_near(figures->value.value, reference[key][2], key);
    }
  }
}

TEST_P(Selections, BackgroundSamplesAreTabulatedApart) {
  const Evaluation e = evaluation_of(want());
  ASSERT_EQ(e.backgrounds.size(), 1u);
  EXPECT_EQ(e.backgrounds[0].key, "tau");
  for (std::size_t k = 0; k < e.classes.size(); ++k) {
    expect_fraction(e.backgrounds[0].labelled[k], want()["background"][k], "background");
    expect_near(e.backgrounds[0].mean_probability[k], want()["background_mean"][k], "mean");
  }
  EvaluationInput without = input_of(want());
  without.backgrounds.clear();
  EvaluationOptions options;
  options.resamples = 0;
  EXPECT_EQ(evaluate(numbered_task(want()["classes"]), without, options).accuracy.value,
            e.accuracy.value);
}

TEST_P(Selections, FiguresAgainstAColumnEqualTheReference) {
  const Evaluation e = evaluation_of(want());
  ASSERT_EQ(e.against.size(), 2u);
  expect_bins(e.against[0], want()["against_edges"]);
  expect_bins(e.against[1], want()["against_7"]);
  EXPECT_EQ(e.against[0].missing, 4u);
  EXPECT_EQ(e.against[1].outside, 0u);
  double inside = 0;
  for (const AgainstBin& bin : e.against[0].bins) inside += bin.count;
  if (!e.event_weights) {
    EXPECT_EQ(inside + static_cast<double>(e.against[0].missing + e.against[0].outside), e.n);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Selections, testing::Range(std::size_t{0}, fixtures().size()));

TEST(Significance, IntervalHoldsItsValueAndScalesWithTheExposure) {
  const Json& want = fixtures()[2];
  const Evaluation e = evaluation_of(want, 200);
  const Estimate& value = e.selection[0].by_label.value;
  EXPECT_LT(value.low, value.value);
  EXPECT_GT(value.high, value.value);
  EXPECT_EQ(value.method, "bootstrap");
  EvaluationOptions options;
  options.resamples = 0;
  options.exposure = 4 * want["exposure"].get<double>();
  const Evaluation longer = evaluate(numbered_task(2), input_of(want), options);
  EXPECT_NEAR(longer.selection[0].by_label.value.value, 2 * value.value, 1e-12);
}

TEST(OneSigma, LiesInsideTheWiderIntervalWithWeightsToo) {
  for (const std::size_t place : {0u, 1u}) {
    const Evaluation e = evaluation_of(fixtures()[place], 300);
    for (const ClassMetrics& m : e.per_class) {
      for (const Estimate* figure : {&m.recall, &m.precision, &m.product}) {
        ASSERT_TRUE(figure->one_sigma);
        EXPECT_GT(figure->one_sigma->low, figure->low);
        EXPECT_LT(figure->one_sigma->high, figure->high);
        EXPECT_LE(figure->one_sigma->low, figure->value);
        EXPECT_GE(figure->one_sigma->high, figure->value);
      }
    }
  }
}

TEST(WorkingPoint, WhereNothingMayBeAccepted) {
  EvaluationInput input;
  input.truth = {ClassId{0}, ClassId{1}, ClassId{1}};
  input.probabilities = {0.4, 0.6, 0.9, 0.1, 0.2, 0.8};
  EvaluationOptions options;
  options.resamples = 0;
  const Evaluation e = evaluate(numbered_task(2), input, options);
  const WorkingPoint& point = e.selection[0].working_points[0];
  EXPECT_TRUE(std::isinf(point.threshold));
  EXPECT_EQ(point.efficiency.value, 0);
  EXPECT_EQ(point.purity.undefined, "nothing is accepted");
  EXPECT_TRUE(Json::parse(to_json(e))["working_points"]["c0"][0]["threshold"].is_null());
}

TEST(AgainstTexts, EachDistinctTextIsABinInNaturalOrder) {
  EvaluationInput input;
  input.truth = {ClassId{0}, ClassId{1}, ClassId{0}, ClassId{1}};
  input.probabilities = {0.9, 0.1, 0.9, 0.1, 0.8, 0.2, 0.3, 0.7};
  input.against = {{{"field", {}, 10}, "", {}, {"f10", "f2", "f10", ""}}};
  EvaluationOptions options;
  options.resamples = 0;
  const Against against = evaluate(numbered_task(2), input, options).against.front();
  ASSERT_EQ(against.bins.size(), 2u);
  EXPECT_EQ(against.bins[0].value, "f2");
  EXPECT_EQ(against.bins[1].value, "f10");
  EXPECT_EQ(against.missing, 1u);
  EXPECT_EQ(against.bins[0].accuracy.value, 0);
  EXPECT_EQ(against.bins[1].efficiency[0].value, 1);
  EXPECT_EQ(against.bins[1].efficiency[1].undefined, "no samples of this class in the bin");
}

TEST(Binning, ReadsColumnsWithNumbersAndEdges) {
  EXPECT_EQ(parse_binning("energy").bins, 10);
  EXPECT_EQ(parse_binning("energy:25").bins, 25);
  EXPECT_EQ(parse_binning("energy:0,0.5,3").edges, (std::vector<double>{0, 0.5, 3}));
  EXPECT_EQ(parse_binning("a:b").column, "a:b");
  EXPECT_EQ(parse_binning("a:b:4").column, "a:b");
  for (const char* wrong : {"", ":5", "e:0", "e:1.5", "e:2,1", "e:1,1", "e:100000"}) {
    EXPECT_THROW(parse_binning(wrong), Error) << wrong;
  }
}

TEST(SelectionInput, IsChecked) {
  const Json& want = fixtures()[0];
  const auto refuses = [&](const auto& spoil) {
    EvaluationInput input = input_of(want);
    EvaluationOptions options;
    options.resamples = 0;
    spoil(input, options);
    EXPECT_THROW(evaluate(numbered_task(3), input, options), Error);
  };
  refuses([](auto&, auto& options) { options.exposure = 0; });
  refuses([](auto&, auto& options) { options.background_efficiencies = {0.0}; });
  refuses([](auto& input, auto&) { input.against[0].numbers.pop_back(); });
  refuses([](auto& input, auto&) { input.backgrounds[0].probabilities.pop_back(); });
  refuses([](auto& input, auto&) { input.backgrounds[0].probabilities[0] = 2; });
  refuses([](auto& input, auto&) { input.backgrounds[0].weights = {-1.0}; });
  refuses([](auto& input, auto&) {
    input.against[0].numbers.assign(240, kNaN);
    input.against[0].binning.edges.clear();
  });
}

}  // namespace
}  // namespace firstlight
