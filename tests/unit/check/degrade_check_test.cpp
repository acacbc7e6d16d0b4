#include "firstlight/check/degrade_check.h"

#include <gtest/gtest.h>

#include "firstlight/base/error.h"
#include "sources.h"

namespace firstlight {
namespace {

TEST(CheckDegrade, FollowsWhatIsDoneToThePictures) {
  const GreySource source(40);
  const LevelClassifier classifier(0);
  DegradeSettings settings;
  settings.resolution = {0.5};
  settings.noise = {0.5};
  settings.dead = {0.5};
  const DegradeCheck check =
      check_degrade(source, shapes_task(), classifier, settings, quick_options());
  EXPECT_EQ(check.n, 38u);
  EXPECT_EQ(check.failed, 1u);
  EXPECT_EQ(check.without_truth, 1u);
  ASSERT_EQ(check.points.size(), 4u);
  EXPECT_EQ(check.points[0].accuracy.value, 1);
  // A uniform picture is the same at half the size, and a dead column has its median.
  for (const std::size_t same : {1u, 3u}) {
    EXPECT_EQ(check.points[same].accuracy.value, 1) << check.points[same].setting;
    EXPECT_EQ(check.points[same].accuracy_change.value, 0);
    EXPECT_EQ(check.points[same].mean_confidence.value, check.points[0].mean_confidence.value);
  }
  // Noise of half the range hides a difference of 20 levels.
  EXPECT_LT(check.points[2].accuracy.value, 0.85);
  EXPECT_NEAR(check.points[2].accuracy_change.value, check.points[2].accuracy.value - 1, 1e-12);
  EXPECT_LT(check.points[2].accuracy_change.high, 0);
}

TEST(CheckDegrade, DoesNotDependOnTheBatch) {
  const GreySource source(20);
  const LevelClassifier classifier(0);
  const DegradeSettings settings;
  CheckOptions options = quick_options();
  const std::string three =
      to_json(check_degrade(source, shapes_task(), classifier, settings, options));
  options.batch = 20;
  EXPECT_EQ(to_json(check_degrade(source, shapes_task(), classifier, settings, options)), three);
}

TEST(CheckDegrade, RefusesValuesOutOfRangeAndDataWithoutTruth) {
  const LevelClassifier classifier(0);
  DegradeSettings settings;
  settings.noise = {-1};
  EXPECT_THROW(check_degrade(GreySource(5), shapes_task(), classifier, settings, quick_options()),
               Error);
  CheckOptions ignoring = quick_options();
  ignoring.ignore_truth = {"dark", "bright"};
  EXPECT_THROW(check_degrade(GreySource(5), shapes_task(), classifier, {}, ignoring), Error);
  CheckOptions pmi = quick_options();
  pmi.normalisation = Normalisation::kPmi;
  EXPECT_THROW(check_degrade(GreySource(5), shapes_task(), classifier, {}, pmi), Error);
}

}  // namespace
}  // namespace firstlight
