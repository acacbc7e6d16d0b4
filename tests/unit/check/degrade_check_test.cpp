#include "firstlight/check/degrade_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <variant>

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

/// One lit pixel in four, where it is bright.
class SparseSource : public GreySource {
 public:
  using GreySource::GreySource;
  Result<Sample> load(std::size_t index) const override {
    Result<Sample> sample = GreySource::load(index);
    if (!sample) return sample;
    auto& image = std::get<Image>(sample.value().views.front().pixels);
    for (int y = 0; y < image.height; ++y) {
      for (int x = 0; x < image.width; ++x) {
        const bool lit = index % 2 == 1 && x % 2 == 0 && y % 2 == 0;
        std::fill_n(image.at(x, y), 3, static_cast<std::uint8_t>(lit ? 255 : 0));
      }
    }
    return sample;
  }
};

TEST(CheckDegrade, SparseMapsKeepTheGreatestCharge) {
  const SparseSource source(20);
  const LevelClassifier classifier(0);
  DegradeSettings settings;
  settings.resolution = {0.5};
  settings.noise = settings.dead = {};
  Task task = shapes_task();
  EXPECT_LT(
      check_degrade(source, task, classifier, settings, quick_options()).points[1].accuracy.value,
      0.6);
  task.views.front().shrink = "max";
  EXPECT_EQ(
      check_degrade(source, task, classifier, settings, quick_options()).points[1].accuracy.value,
      1);
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
