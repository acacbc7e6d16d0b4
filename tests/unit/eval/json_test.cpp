#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "firstlight/eval/evaluation.h"
#include "tasks.h"

namespace firstlight {
namespace {

using Json = nlohmann::json;

Json example(const EvaluationOptions& options = {}) {
  EvaluationInput input;
  input.truth = {ClassId{0}, ClassId{0}, ClassId{1}};
  input.probabilities = {0.9, 0.1, 0, 0.4, 0.6, 0, 0.2, 0.8, 0};
  input.failed = 1;
  return Json::parse(to_json(
      evaluate(numbered_task(3, "merges:\n  - {name: m, classes: [c1, c2]}\n"), input, options)));
}

TEST(EvaluationJson, HasTheAgreedShape) {
  const Json json = example();
  EXPECT_EQ(json["n"], 3);
  EXPECT_EQ(json["failed"], 1);
  const Json& accuracy = json["accuracy"];
  EXPECT_EQ(accuracy.size(), 5u);
  EXPECT_NEAR(accuracy["value"].get<double>(), 2.0 / 3, 1e-15);
  EXPECT_EQ(accuracy["level"], 0.95);
  EXPECT_EQ(accuracy["method"], "clopper_pearson");
  EXPECT_LT(accuracy["low"].get<double>(), accuracy["high"].get<double>());
  EXPECT_EQ(json["confusion"],
            Json::parse(R"({"rows": "truth", "columns": "predicted", "classes": ["c0", "c1", "c2"],
                            "counts": [[1, 1, 0], [0, 1, 0], [0, 0, 0]]})"));
  EXPECT_EQ(json["per_class"]["c0"]["recall"]["value"], 0.5);
  EXPECT_EQ(json["merged"]["per_class"]["m"]["support"], 1);
  EXPECT_EQ(json["bootstrap"]["resamples"], 1000);
  for (const char* key : {"balanced_accuracy", "macro", "weighted", "nll", "brier", "ece",
                          "ece_debiased", "reliability", "roc", "risk_coverage", "aurc"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_FALSE(json.contains("prior"));
}

TEST(EvaluationJson, UndefinedIsNullWithItsReason) {
  const Json recall = example()["per_class"]["c2"]["recall"];
  EXPECT_TRUE(recall["value"].is_null());
  EXPECT_TRUE(recall["low"].is_null());
  EXPECT_TRUE(recall["method"].is_null());
  EXPECT_EQ(recall["undefined"], "no samples of this class");
}

TEST(EvaluationJson, NamesTheClassesOfAPrior) {
  const Json prior = example({.prior = {{ClassId{0}, 0.75}, {ClassId{2}, 0}}})["prior"];
  EXPECT_EQ(prior["prevalence"], Json::parse(R"({"c0": 0.75, "c1": 0.25, "c2": 0.0})"));
  EXPECT_EQ(prior["as_classified"]["purity"]["c0"]["value"], 1.0);
}

}  // namespace
}  // namespace firstlight
