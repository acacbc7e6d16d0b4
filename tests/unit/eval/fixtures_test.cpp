#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "firstlight/base/text.h"
#include "firstlight/eval/evaluation.h"
#include "tasks.h"

namespace firstlight {
namespace {

using Json = nlohmann::json;

constexpr double kTolerance = 1e-9;

const Json& fixtures() {
  static const Json json =
      Json::parse(text::read_file(std::string(FIRSTLIGHT_TEST_DIR) + "/unit/eval/fixtures.json"));
  return json;
}

EvaluationInput input_of(const Json& fixture) {
  EvaluationInput input;
  for (const Json& truth : fixture["truth"]) input.truth.push_back(ClassId{truth.get<int>()});
  input.probabilities = fixture["probabilities"].get<std::vector<double>>();
  if (!fixture["weights"].is_null()) input.weights = fixture["weights"].get<std::vector<double>>();
  return input;
}

Evaluation evaluation_of(const Json& fixture) {
  EvaluationOptions options;
  options.bins = fixture["bins"];
  options.resamples = 0;
  options.curve_points = 100'000;
  if (fixture.contains("prior")) {
    int k = 0;
    for (const Json& p : fixture["prior"]["given"]) {
      options.prior.emplace_back(ClassId{k++}, p.get<double>());
    }
  }
  return evaluate(numbered_task(fixture["classes"]), input_of(fixture), options);
}

void expect_equal(const Estimate& estimate, const Json& want, const std::string& what) {
  if (want.is_null()) {
    EXPECT_TRUE(std::isnan(estimate.value)) << what;
    EXPECT_FALSE(estimate.undefined.empty()) << what;
  } else {
    EXPECT_NEAR(estimate.value, want.get<double>(), kTolerance) << what;
    EXPECT_TRUE(estimate.undefined.empty()) << what;
  }
}

class Fixture : public testing::TestWithParam<std::size_t> {
 protected:
  const Json& want() const { return fixtures()["cases"][GetParam()]; }
};

TEST_P(Fixture, WholeFiguresEqualTheReference) {
  const Evaluation e = evaluation_of(want());
  expect_equal(e.accuracy, want()["accuracy"], "accuracy");
  expect_equal(e.balanced_accuracy, want()["balanced_accuracy"], "balanced accuracy");
  expect_equal(e.nll, want()["nll"], "nll");
  expect_equal(e.brier, want()["brier"], "brier");
  expect_equal(e.ece, want()["ece"], "ece");
  expect_equal(e.ece_debiased, want()["ece_debiased"], "ece debiased");
  expect_equal(e.aurc, want()["aurc"], "aurc");
  for (const auto& [means, key] : {std::pair{&e.macro, "macro"}, {&e.weighted, "weighted"}}) {
    expect_equal(means->precision, want()[key]["precision"], std::string(key) + " precision");
    expect_equal(means->recall, want()[key]["recall"], std::string(key) + " recall");
    expect_equal(means->f1, want()[key]["f1"], std::string(key) + " f1");
    expect_equal(means->auc, want()[key]["auc"], std::string(key) + " auc");
  }
}

TEST_P(Fixture, ClassFiguresEqualTheReference) {
  const Evaluation e = evaluation_of(want());
  for (std::size_t k = 0; k < e.classes.size(); ++k) {
    const ClassMetrics& m = e.per_class[k];
    expect_equal(m.precision, want()["precision"][k], "precision " + e.classes[k]);
    expect_equal(m.recall, want()["recall"][k], "recall " + e.classes[k]);
    expect_equal(m.f1, want()["f1"][k], "f1 " + e.classes[k]);
    expect_equal(m.auc, want()["auc"][k], "auc " + e.classes[k]);
    for (std::size_t label = 0; label < e.classes.size(); ++label) {
      EXPECT_NEAR(e.confusion[k][label], want()["confusion"][k][label].get<double>(), kTolerance);
    }
  }
  for (std::size_t b = 0; b < e.reliability.size(); ++b) {
    EXPECT_NEAR(e.reliability[b].count, want()["bin_counts"][b].get<double>(), kTolerance);
  }
}

TEST_P(Fixture, RocCurvesAreTheReferencesCorners) {
  const Evaluation e = evaluation_of(want());
  for (std::size_t k = 0; k < e.classes.size(); ++k) {
    const RocCurve& curve = e.roc[k];
    const Json& reference = want()["roc"][k];
    if (reference.is_null()) {
      EXPECT_TRUE(curve.threshold.empty());
      continue;
    }
    double area = 0;
    std::size_t found = 0;
    for (std::size_t i = 0; i < curve.threshold.size(); ++i) {
      if (i > 0) {
        area += (curve.false_positive_rate[i] - curve.false_positive_rate[i - 1]) *
                (curve.true_positive_rate[i] + curve.true_positive_rate[i - 1]) / 2;
      }
      for (std::size_t j = 0; j < reference["fpr"].size(); ++j) {
        const double fpr = reference["fpr"][j];
        const double tpr = reference["tpr"][j];
        const Json& threshold = reference["threshold"][j];
        if (std::abs(fpr - curve.false_positive_rate[i]) < kTolerance &&
            std::abs(tpr - curve.true_positive_rate[i]) < kTolerance &&
            (threshold.is_null() ? std::isinf(curve.threshold[i])
                                 : threshold.get<double>() == curve.threshold[i])) {
          ++found;
        }
      }
    }
    EXPECT_EQ(found, curve.threshold.size());
    EXPECT_NEAR(area, want()["auc"][k].get<double>(), kTolerance);
  }
}

TEST_P(Fixture, PrevalenceFiguresEqualTheReference) {
  const Evaluation e = evaluation_of(want());
  ASSERT_EQ(e.prior.size(), want().contains("prior") ? 1u : 0u);
  if (e.prior.empty()) return;
  for (const auto& [figures, key] : {std::pair{&e.prior[0].as_classified, "as_classified"},
                                     {&e.prior[0].reweighted, "reweighted"}}) {
    const Json& reference = want()["prior"][key];
    expect_equal(figures->accuracy, reference["accuracy"], key);
    for (std::size_t k = 0; k < e.classes.size(); ++k) {
      expect_equal(figures->purity[k], reference["purity"][k], std::string(key) + " purity");
      expect_equal(figures->efficiency[k], reference["efficiency"][k],
                   std::string(key) + " efficiency");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Fixture,
                         testing::Range(std::size_t{0}, fixtures()["cases"].size()));

TEST(ClopperPearson, EqualsScipy) {
  for (const Json& row : fixtures()["clopper_pearson"]) {
    const Estimate e = fraction(row[0], row[1], row[2]);
    EXPECT_NEAR(e.low, row[3].get<double>(), kTolerance) << row;
    EXPECT_NEAR(e.high, row[4].get<double>(), kTolerance) << row;
    EXPECT_EQ(e.value, row[0].get<double>() / row[1].get<double>());
  }
}

}  // namespace
}  // namespace firstlight
