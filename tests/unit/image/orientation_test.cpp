#include "firstlight/image/orientation.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <vector>

#include "firstlight/base/error.h"

namespace firstlight {
namespace {

/// Grey levels 0, 1, 2, ... row by row.
Image counted(int width, int height) {
  Image image{width, height, 1, {}};
  image.pixels.resize(static_cast<std::size_t>(width) * height);
  std::iota(image.pixels.begin(), image.pixels.end(), std::uint8_t{0});
  return image;
}

using Pixels8 = std::vector<std::uint8_t>;

TEST(Oriented, TurnsCounterClockwise) {
  // 0 1 2
  // 3 4 5
  const Image image = counted(3, 2);
  EXPECT_EQ(oriented(image, 0).pixels, image.pixels);
  const Image quarter = oriented(image, 1);
  EXPECT_EQ(quarter.width, 2);
  EXPECT_EQ(quarter.height, 3);
  EXPECT_EQ(quarter.pixels, (Pixels8{2, 5, 1, 4, 0, 3}));
  EXPECT_EQ(oriented(image, 2).pixels, (Pixels8{5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(oriented(image, 3).pixels, (Pixels8{3, 0, 4, 1, 5, 2}));
  EXPECT_EQ(oriented(image, 4).pixels, (Pixels8{2, 1, 0, 5, 4, 3}));
}

TEST(Oriented, KeepsColoursTogether) {
  const Image image{2, 1, 3, {1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(oriented(image, 4).pixels, (Pixels8{4, 5, 6, 1, 2, 3}));
  const Image up = oriented(image, 1);
  EXPECT_EQ(up.height, 2);
  EXPECT_EQ(up.pixels, (Pixels8{4, 5, 6, 1, 2, 3}));
}

TEST(Oriented, AllEightDiffer) {
  std::set<Pixels8> seen;
  for (int k = 0; k < kOrientations; ++k) seen.insert(oriented(counted(3, 3), k).pixels);
  EXPECT_EQ(seen.size(), 8u);
  EXPECT_THROW(oriented(counted(2, 2), 8), Error);
  EXPECT_THROW(oriented(counted(2, 2), -1), Error);
}

}  // namespace
}  // namespace firstlight
