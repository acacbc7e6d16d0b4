#include "firstlight/check/saliency.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sources.h"

namespace firstlight {
namespace {

/// Grey with a bright square where LevelClassifier looks, and a dark one elsewhere.
PreparedSample two_squares() {
  PreparedSample sample;
  sample.id = "squares";
  Image image{16, 12, 3, {}};
  image.pixels.assign(16 * 12 * 3, 128);
  const auto square = [&](int x0, int y0, std::uint8_t level) {
    for (int y = y0; y < y0 + 4; ++y) {
      for (int x = x0; x < x0 + 4; ++x) std::fill_n(image.at(x, y), 3, level);
    }
  };
  square(0, 0, 148);
  square(8, 4, 20);
  sample.views.push_back({"image", image});
  return sample;
}

TEST(Occlusion, FindsTheSquareThatTheModelLooksAt) {
  const LevelClassifier classifier(0);
  const auto maps = occlusion(classifier, two_squares(), ClassId{1}, 4, 3).value();
  ASSERT_EQ(maps.size(), 1u);
  EXPECT_EQ(maps[0].view, "image");
  EXPECT_EQ(maps[0].rows, 3);
  EXPECT_EQ(maps[0].columns, 4);
  // Odds of exp(2) become even: log p falls from -log(1 + exp(-2)) to -log 2.
  EXPECT_NEAR(maps[0].values[0], std::log(2.0) - std::log1p(std::exp(-2.0)), 1e-12);
  for (std::size_t i = 1; i < maps[0].values.size(); ++i) EXPECT_EQ(maps[0].values[i], 0) << i;
  const auto against = occlusion(classifier, two_squares(), ClassId{0}, 4, 1).value();
  EXPECT_LT(against[0].values[0], 0);
}

TEST(Occlusion, RefusesAPatchOfNothing) {
  EXPECT_THROW(occlusion(LevelClassifier(0), two_squares(), ClassId{0}, 0, 1), Error);
}

TEST(SaliencyPicture, IsRedForAndBlueAgainst) {
  const PreparedSample sample = two_squares();
  SaliencyMap map{"image", 3, 4, std::vector<double>(12, 0.0)};
  map.values[0] = 2;
  map.values[11] = -1;
  const Image picture = saliency_picture(sample.views[0].image, map);
  EXPECT_GT(picture.at(0, 0)[0], picture.at(0, 0)[2] + 50);
  EXPECT_GT(picture.at(15, 11)[2], picture.at(15, 11)[0] + 20);
  EXPECT_EQ(picture.at(5, 1)[0], 128);
}

}  // namespace
}  // namespace firstlight
