#include "firstlight/image/layout.h"

#include <gtest/gtest.h>

#include "image_fixtures.h"

namespace firstlight {
namespace {

Image plain(int width, int height, std::uint8_t shade) {
  return {width, height, 3,
          std::vector<std::uint8_t>(static_cast<std::size_t>(width) * height * 3, shade)};
}

TEST(JoinViews, SideBySideAndStacked) {
  const Image a = plain(2, 3, 10), b = plain(4, 1, 20);
  const Image across = join_views({&a, &b}, ViewLayout::kSideBySide, 255).value();
  EXPECT_EQ(across.width, 6);
  EXPECT_EQ(across.height, 3);
  EXPECT_EQ(*across.at(1, 2), 10);
  EXPECT_EQ(*across.at(2, 0), 20);
  EXPECT_EQ(*across.at(2, 1), 255);
  const Image down = join_views({&a, &b}, ViewLayout::kStacked, 0).value();
  EXPECT_EQ(down.width, 4);
  EXPECT_EQ(down.height, 4);
  EXPECT_EQ(*down.at(3, 3), 20);
  EXPECT_EQ(*down.at(3, 0), 0);
}

TEST(JoinViews, ChannelsAreRedGreenBlue) {
  const Image a = plain(2, 2, 10), b = plain(2, 2, 20), wide = plain(3, 2, 1);
  const Image joined = join_views({&a, &b}, ViewLayout::kChannels, 255).value();
  EXPECT_EQ(joined.at(1, 1)[0], 10);
  EXPECT_EQ(joined.at(1, 1)[1], 20);
  EXPECT_EQ(joined.at(1, 1)[2], 255);
  EXPECT_FALSE(join_views({&a, &wide}, ViewLayout::kChannels, 0).ok());
  EXPECT_FALSE(join_views({&a, &a, &a, &a}, ViewLayout::kChannels, 0).ok());
}

}  // namespace
}  // namespace firstlight
