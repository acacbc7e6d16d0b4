#include "firstlight/run/prediction.h"

#include <cmath>

#include "firstlight/base/error.h"
#include "test_run.h"

namespace firstlight {
namespace {

TEST(Prediction, MainAloneIsTheSoftmaxOfTheSums) {
  SampleRecord record = record_of(0);
  record.scores = {{"main", scores_of(-0.5, -1.5)}};
  const Prediction prediction = predict(record, {});
  EXPECT_EQ(prediction.label, ClassId{0});
  EXPECT_NEAR(prediction.confidence(), 1 / (1 + std::exp(-1.0)), 1e-15);
}

TEST(Prediction, OrdersAreAveragedUnlessSwitchedOff) {
  SampleRecord record = record_of(0);
  record.scores = {{"main", scores_of(-0.5, -1.5)}, {"order_1", scores_of(-2.5, -0.5)}};
  // Mean log-scores -1.5 and -1.0, the common end of answer cancels.
  const Prediction averaged = predict(record, {});
  EXPECT_EQ(averaged.label, ClassId{1});
  EXPECT_NEAR(averaged.probabilities[1], 1 / (1 + std::exp(-0.5)), 1e-15);
  EXPECT_EQ(predict(record, {Normalisation::kSum, false}).label, ClassId{0});
}

TEST(Prediction, OrientationsAreAveragedLikeOrders) {
  SampleRecord record = record_of(0);
  record.scores = {{"main", scores_of(-0.5, -1.5)}, {"orientation_3", scores_of(-2.5, -0.5)}};
  EXPECT_NEAR(predict(record, {}).probabilities[1], 1 / (1 + std::exp(-0.5)), 1e-15);
  EXPECT_EQ(predict(record, {Normalisation::kSum, false}).label, ClassId{0});
  // The prior of a blank picture holds for each of them: 0.25 - 1.0 and 3.25 - 1.5 a sum.
  record.scores.push_back({"blank", scores_of(-0.25, -3.25)});
  const Prediction pmi = predict(record, {Normalisation::kPmi, true});
  EXPECT_NEAR(pmi.probabilities[1], 1 / (1 + std::exp(-3.5)), 1e-15);
}

TEST(Prediction, PmiSubtractsThePriorPassAndLeavesOrdersOut) {
  SampleRecord record = record_of(0);
  record.scores = {{"main", scores_of(-0.5, -1.5)},
                   {"order_1", scores_of(-9.0, -0.1)},
                   {"no_descriptions", scores_of(-0.1, -0.1)},
                   {"blank", scores_of(-0.25, -3.25)}};
  // -0.5 + 0.25 against -1.5 + 3.25: a difference of 2 for the second class.
  const Prediction prediction = predict(record, {Normalisation::kPmi, true});
  EXPECT_NEAR(prediction.probabilities[1], 1 / (1 + std::exp(-2.0)), 1e-15);
}

TEST(Prediction, AnotherPassIsReadByItself) {
  SampleRecord record = record_of(0);
  record.scores = {{"main", scores_of(-0.5, -1.5)},
                   {"order_1", scores_of(-0.1, -9.0)},
                   {"no_descriptions", scores_of(-3.0, -1.0)}};
  Interpretation interpretation;
  interpretation.pass = "no_descriptions";
  EXPECT_NEAR(predict(record, interpretation).probabilities[1], 1 / (1 + std::exp(-2.0)), 1e-15);
  interpretation.pass = "blank";
  EXPECT_THROW(predict(record, interpretation), Error);
}

TEST(Prediction, PmiWithoutAPriorPassSaysWhatToDo) {
  try {
    predict(record_of(0), {Normalisation::kPmi, true});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(e.what()).find("--passes main,blank"), std::string::npos);
  }
}

}  // namespace
}  // namespace firstlight
