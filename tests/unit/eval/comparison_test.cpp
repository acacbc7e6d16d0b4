#include "firstlight/eval/comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "firstlight/base/error.h"
#include "firstlight/base/random.h"
#include "firstlight/base/text.h"
#include "firstlight/score/score.h"

namespace firstlight {
namespace {

using Json = nlohmann::json;

const Json& fixtures() {
  static const Json json = Json::parse(
      text::read_file(std::string(FIRSTLIGHT_TEST_DIR) + "/unit/eval/comparison_fixtures.json"));
  return json;
}

std::vector<ClassId> classes_of(const std::vector<int>& values) {
  std::vector<ClassId> ids;
  for (const int value : values) ids.push_back(ClassId{value});
  return ids;
}

ClassifierOutput output_of(const std::string& name, const std::vector<double>& probabilities,
                           std::size_t classes) {
  ClassifierOutput output{name, {}, probabilities};
  for (std::size_t i = 0; i < probabilities.size(); i += classes) {
    output.predicted.push_back(most_likely({probabilities.data() + i, classes}));
  }
  return output;
}

Comparison compare_fixture(EvaluationOptions options) {
  const Json& f = fixtures();
  return compare(
      3, classes_of(f["truth"]),
      {output_of("first", f["probabilities"][0], 3), output_of("second", f["probabilities"][1], 3)},
      options);
}

TEST(McNemar, EqualsScipysBinomialTest) {
  for (const Json& row : fixtures()["mcnemar"]) {
    EXPECT_NEAR(mcnemar_exact(row[0], row[1]), row[2].get<double>(), 1e-9) << row;
  }
}

TEST(Compare, FiguresEqualTheReference) {
  const Comparison c = compare_fixture({});
  const Json& f = fixtures();
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_NEAR(c.accuracy[k].value, f["accuracy"][k].get<double>(), 1e-9);
    EXPECT_NEAR(c.auc[k].value, f["auc"][k].get<double>(), 1e-9);
    EXPECT_EQ(c.accuracy[k].method, "clopper_pearson");
  }
  ASSERT_EQ(c.pairs.size(), 1u);
  const PairComparison& pair = c.pairs[0];
  EXPECT_EQ(pair.both_right, f["table"][0].get<std::size_t>());
  EXPECT_EQ(pair.only_a_right, f["table"][1].get<std::size_t>());
  EXPECT_EQ(pair.only_b_right, f["table"][2].get<std::size_t>());
  EXPECT_EQ(pair.neither_right, f["table"][3].get<std::size_t>());
  EXPECT_NEAR(pair.accuracy_difference.value, c.accuracy[1].value - c.accuracy[0].value, 1e-15);
  EXPECT_NEAR(pair.auc_difference.value, c.auc[1].value - c.auc[0].value, 1e-15);
}

TEST(Compare, PairedIntervalsAreNarrowerThanThoseOfEachAlone) {
  const Comparison c = compare_fixture({});
  const PairComparison& pair = c.pairs[0];
  EXPECT_LT(pair.auc_difference.low, pair.auc_difference.value);
  EXPECT_GT(pair.auc_difference.high, pair.auc_difference.value);
  const double alone = std::hypot(c.auc[0].high - c.auc[0].low, c.auc[1].high - c.auc[1].low);
  EXPECT_LT(pair.auc_difference.high - pair.auc_difference.low, 0.9 * alone);
}

TEST(Compare, TheIntervalOfAnAccuracyDifferenceHasItsStandardError) {
  // Right or not: only a right 30, only b right 10 of 200. The difference is a mean of -1, 0 and 1.
  std::vector<ClassId> truth(200, ClassId{0});
  std::vector<double> a;
  std::vector<double> b;
  for (int i = 0; i < 200; ++i) {
    const bool a_right = i < 130;
    const bool b_right = i < 100 || (i >= 130 && i < 140);
    a.insert(a.end(), {a_right ? 0.9 : 0.1, a_right ? 0.1 : 0.9});
    b.insert(b.end(), {b_right ? 0.9 : 0.1, b_right ? 0.1 : 0.9});
  }
  EvaluationOptions options;
  options.level = 0.6827;
  options.resamples = 4000;
  const Comparison c = compare(2, truth, {output_of("a", a, 2), output_of("b", b, 2)}, options);
  const PairComparison& pair = c.pairs[0];
  EXPECT_EQ(pair.only_a_right, 30u);
  EXPECT_EQ(pair.only_b_right, 10u);
  EXPECT_NEAR(pair.accuracy_difference.value, -0.1, 1e-12);
  const double error = std::sqrt((40.0 / 200 - 0.01) / 200);
  EXPECT_NEAR((pair.accuracy_difference.high - pair.accuracy_difference.low) / 2, error,
              0.06 * error);
  EXPECT_EQ(pair.auc_difference.undefined, "only one class has samples");
}

TEST(Compare, ThreeClassifiersMakeThreePairsAndSizesAreChecked) {
  const Json& f = fixtures();
  const ClassifierOutput first = output_of("first", f["probabilities"][0], 3);
  const ClassifierOutput second = output_of("second", f["probabilities"][1], 3);
  EvaluationOptions options;
  options.resamples = 0;
  const auto truth = classes_of(f["truth"]);
  const Comparison c = compare(3, truth, {first, second, first}, options);
  ASSERT_EQ(c.pairs.size(), 3u);
  EXPECT_EQ(c.pairs[1].mcnemar_p, 1);
  EXPECT_EQ(c.pairs[1].accuracy_difference.value, 0);
  EXPECT_TRUE(c.pairs[0].accuracy_difference.method.empty());
  EXPECT_THROW(compare(3, truth, {first}, options), Error);
  EXPECT_THROW(compare(2, truth, {first, second}, options), Error);
  EXPECT_EQ(compare(3, {}, {{"a", {}, {}}, {"b", {}, {}}}).accuracy[0].undefined,
            "no samples with truth in common");
}

}  // namespace
}  // namespace firstlight
