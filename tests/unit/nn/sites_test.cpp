#include "firstlight/nn/sites.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "firstlight/base/random.h"

namespace firstlight::nn {
namespace {

Image picture(int width, int height, const std::vector<std::uint8_t>& levels) {
  Image image;
  image.width = width;
  image.height = height;
  image.channels = static_cast<int>(levels.size()) / (width * height);
  image.pixels = levels;
  return image;
}

Sites one_map(int height, int width, std::vector<std::int32_t> places) {
  Sites sites;
  sites.maps.push_back({height, width, 0, places.size()});
  sites.places = std::move(places);
  return sites;
}

TEST(ChargeMap, KeepsPlacesWithCharge) {
  SiteInput input;
  const ChargeMap map = charge_map(picture(3, 2, {0, 7, 0, 0, 0, 255}), input);
  EXPECT_EQ(map.places, (std::vector<std::int32_t>{1, 5}));
  EXPECT_EQ(map.charges, (std::vector<std::uint8_t>{7, 255}));
}

TEST(ChargeMap, DarkOnWhiteIsTurnedAbout) {
  SiteInput input;
  input.inverted = true;
  const ChargeMap map = charge_map(picture(2, 1, {255, 250}), input);
  EXPECT_EQ(map.places, (std::vector<std::int32_t>{1}));
  EXPECT_EQ(map.charges, (std::vector<std::uint8_t>{5}));
}

TEST(ChargeMap, ShrinksByTheGreatestCharge) {
  SiteInput input;
  input.size = 2;
  const ChargeMap map = charge_map(picture(4, 2, {0, 0, 9, 0, 0, 0, 0, 3}), input);
  EXPECT_EQ(map.width, 2);
  EXPECT_EQ(map.height, 1);
  EXPECT_EQ(map.places, (std::vector<std::int32_t>{1}));
  EXPECT_EQ(map.charges, (std::vector<std::uint8_t>{9}));
}

TEST(ChargeMap, DensePicturesKeepEveryPlaceAndChannel) {
  SiteInput input{3, false, false, {}};
  const ChargeMap map = charge_map(picture(2, 1, {1, 2, 3, 0, 0, 0}), input);
  EXPECT_EQ(map.places.size(), 2U);
  EXPECT_EQ(map.charges, (std::vector<std::uint8_t>{1, 2, 3, 0, 0, 0}));
}

TEST(Outputs, AreThoseWhoseWindowHoldsASite) {
  // A site at (2, 3) of 6 x 8 under a 3 x 3 window with stride 2 and pad 1: rows 1, columns 1
  // and 2.
  const Sites out = outputs_of(one_map(6, 8, {2 * 8 + 3}), {3, 2, 1});
  EXPECT_EQ(out.maps[0].height, 3);
  EXPECT_EQ(out.maps[0].width, 4);
  EXPECT_EQ(out.places, (std::vector<std::int32_t>{5, 6}));
}

TEST(Outputs, StayWhereTheWindowIsCentred) {
  EXPECT_EQ(outputs_of(one_map(4, 4, {5, 9}), {5, 1, 2}).places, (std::vector<std::int32_t>{5, 9}));
}

TEST(Neighbours, AgreeWithTheDefinitionForAnyWindow) {
  Random random(3);
  for (int trial = 0; trial < 200; ++trial) {
    const Window window{1 + static_cast<int>(random.below(5)),
                        1 + static_cast<int>(random.below(3)), static_cast<int>(random.below(3))};
    const int height = 5 + static_cast<int>(random.below(6));
    const int width = 5 + static_cast<int>(random.below(6));
    std::vector<std::int32_t> places;
    for (std::int32_t p = 0; p < height * width; ++p) {
      if (random.chance(0.2)) places.push_back(p);
    }
    const Sites in = one_map(height, width, places);
    const Sites out = outputs_of(in, window);
    const auto table = neighbours(in, out, window);
    std::vector<std::int32_t> expected_places;
    std::vector<std::int32_t> expected_table;
    for (int oy = 0; oy < window.out(height); ++oy) {
      for (int ox = 0; ox < window.out(width); ++ox) {
        std::vector<std::int32_t> taps;
        bool any = false;
        for (int ky = 0; ky < window.kernel; ++ky) {
          for (int kx = 0; kx < window.kernel; ++kx) {
            const int y = oy * window.stride - window.pad + ky;
            const int x = ox * window.stride - window.pad + kx;
            const auto found = y < 0 || x < 0 || y >= height || x >= width
                                   ? places.end()
                                   : std::find(places.begin(), places.end(), y * width + x);
            taps.push_back(
                found == places.end() ? -1 : static_cast<std::int32_t>(found - places.begin()));
            any = any || found != places.end();
          }
        }
        const std::int32_t place = oy * window.out(width) + ox;
        const bool kept = window.keeps_places()
                              ? std::find(places.begin(), places.end(), place) != places.end()
                              : any;
        if (!kept) continue;
        expected_places.push_back(place);
        expected_table.insert(expected_table.end(), taps.begin(), taps.end());
      }
    }
    EXPECT_EQ(out.places, expected_places);
    EXPECT_EQ(table, expected_table);
  }
}

TEST(Unite, LaysMapsOfDifferentSizesOnEachOther) {
  Sites in = one_map(2, 2, {0, 3});
  in.maps.push_back({3, 4, 2, 2});
  in.places.insert(in.places.end(), {5, 11});
  std::vector<std::int32_t> table;
  const std::size_t views = 2;
  const Sites out = unite(in, std::span(&views, 1), &table);
  EXPECT_EQ(out.maps[0].height, 3);
  EXPECT_EQ(out.maps[0].width, 4);
  // Place 3 of the first map, (1, 1), is place 5 of the whole.
  EXPECT_EQ(out.places, (std::vector<std::int32_t>{0, 5, 11}));
  EXPECT_EQ(table, (std::vector<std::int32_t>{0, -1, 1, 2, -1, 3}));
}

TEST(SitePath, GivesTheSameTableForTheSameWindow) {
  SitePath path(one_map(8, 8, {9, 10, 17}));
  const auto* first = &path.through({3, 1, 1});
  EXPECT_EQ(first, &path.through({3, 1, 1}));
  EXPECT_NE(first, &path.through({3, 2, 1}));
  EXPECT_EQ(path.sites().maps[0].height, 4);
}

}  // namespace
}  // namespace firstlight::nn
