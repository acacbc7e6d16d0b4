#include "firstlight/image/degrade.h"

#include <gtest/gtest.h>

#include <cmath>

#include "firstlight/base/error.h"
#include "image_fixtures.h"

namespace firstlight {
namespace {

Image grey(int width, int height, std::uint8_t level) {
  return {width, height, 3,
          std::vector<std::uint8_t>(static_cast<std::size_t>(width) * height * 3, level)};
}

TEST(Degrade, TheDefaultsChangeNothing) {
  const Image image = pattern(13, 9, 3);
  EXPECT_EQ(degrade(image, {}, 1).pixels, image.pixels);
}

TEST(Degrade, ResolutionIsAResizeOfThePicture) {
  const Image image = pattern(40, 20, 3);
  Degradation d;
  d.resolution = 0.5;
  EXPECT_EQ(degrade(image, d, 1).pixels, resize(image, 20, 10, ResizeFilter::kArea).pixels);
  d.resolution = 0.001;
  EXPECT_EQ(degrade(image, d, 1).size(), 3u);
}

TEST(Degrade, TheMaximumKeepsASingleHitOfAnInvertedMap) {
  Image image = grey(64, 64, 255);
  for (int c = 0; c < 3; ++c) image.at(17, 33)[c] = 40;
  Degradation d;
  d.resolution = 0.25;
  d.filter = ResizeFilter::kMax;
  d.inverted = true;
  const Image small = degrade(image, d, 1);
  EXPECT_EQ(small.at(4, 8)[0], 40);
  EXPECT_EQ(small.at(3, 8)[0], 255);
}

TEST(Degrade, NoiseHasItsStandardDeviationAndSeed) {
  const Image image = grey(100, 100, 128);
  Degradation d;
  d.noise = 0.05;
  const Image noisy = degrade(image, d, 7);
  double sum = 0;
  double squares = 0;
  for (const std::uint8_t value : noisy.pixels) {
    sum += value - 128.0;
    squares += (value - 128.0) * (value - 128.0);
  }
  const auto n = static_cast<double>(noisy.size());
  EXPECT_NEAR(sum / n, 0, 0.3);
  // Rounding to whole levels adds 1/12.
  EXPECT_NEAR(squares / n, 255 * 0.05 * 255 * 0.05 + 1.0 / 12, 3);
  EXPECT_EQ(degrade(image, d, 7).pixels, noisy.pixels);
  EXPECT_NE(degrade(image, d, 8).pixels, noisy.pixels);
}

TEST(Degrade, DeadChannelsAreColumnsOrRowsAtTheBackground) {
  Image image = grey(20, 10, 30);
  for (int i = 0; i < 10; ++i) image.at(2 * i, i)[0] = 200;  // signal in half of the columns
  for (const bool rows : {false, true}) {
    Degradation d;
    d.dead = 0.5;
    d.dead_rows = rows;
    const Image dead = degrade(image, d, 3);
    int silent = 0;
    for (int line = 0; line < (rows ? 10 : 20); ++line) {
      bool signal = false;
      for (int j = 0; j < (rows ? 20 : 10); ++j) {
        signal = signal || (rows ? dead.at(j, line) : dead.at(line, j))[0] == 200;
      }
      silent += signal ? 0 : 1;
    }
    const int silent_before = rows ? 0 : 10;
    EXPECT_GT(silent, silent_before);
    if (rows) {
      EXPECT_EQ(silent, 5);
    }
    for (const std::uint8_t value : dead.pixels) EXPECT_TRUE(value == 30 || value == 200);
  }
  Degradation all;
  all.dead = 1;
  EXPECT_EQ(degrade(image, all, 1).pixels, grey(20, 10, 30).pixels);
}

TEST(Degrade, ValuesOutOfRangeAreErrors) {
  const Image image = grey(2, 2, 0);
  for (const Degradation& d :
       {Degradation{.resolution = 0}, Degradation{.resolution = 1.5}, Degradation{.noise = -1},
        Degradation{.noise = std::nan("")}, Degradation{.dead = 1.1}}) {
    EXPECT_THROW(degrade(image, d, 1), Error);
  }
}

}  // namespace
}  // namespace firstlight
