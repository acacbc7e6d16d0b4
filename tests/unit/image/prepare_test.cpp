#include "firstlight/image/prepare.h"

#include <gtest/gtest.h>

#include <limits>

#include "firstlight/image/resize.h"
#include "image_fixtures.h"

namespace firstlight {
namespace {

const float kBlank = std::numeric_limits<float>::quiet_NaN();

TEST(Prepare, APicturePassesUnchanged) {
  const Image image = pattern(11, 7, 3);
  const PreparedView view = prepare_view(image, {}).value();
  EXPECT_EQ(view.image.pixels, image.pixels);
  EXPECT_TRUE(view.record.empty());
  const PreparedView grey = prepare_view(pattern(5, 4, 1), {}).value();
  EXPECT_EQ(grey.image.channels, 3);
  EXPECT_EQ(grey.image.at(2, 3)[0], grey.image.at(2, 3)[2]);
}

TEST(Prepare, CropThenResizeThenInvert) {
  const Image image = pattern(100, 60, 3);
  ViewSettings settings;
  settings.crop = 0.5;
  settings.resize = 45;
  settings.stretch.invert = true;
  const PreparedView view = prepare_view(image, settings).value();
  Image expected = resize(crop(image, 35, 15, 30, 30), 45, 45, ResizeFilter::kBicubic);
  for (auto& v : expected.pixels) v = static_cast<std::uint8_t>(255 - v);
  EXPECT_EQ(view.image.pixels, expected.pixels);
  EXPECT_EQ(view.record.at("crop"), "30x30+35+15");
  EXPECT_EQ(view.record.at("resize"), "45x45 bicubic");
  EXPECT_EQ(view.record.at("invert"), "true");
  EXPECT_FALSE(view.record.contains("stretch"));
}

TEST(Prepare, TheLongerSideIsGiven) {
  ViewSettings settings;
  settings.resize = 50;
  const PreparedView view = prepare_view(pattern(100, 60, 1), settings).value();
  EXPECT_EQ(view.image.width, 50);
  EXPECT_EQ(view.image.height, 30);
}

TEST(Prepare, ValuesAreStretchedAndTheLimitsRecorded) {
  Raster raster{10, 10, 3, std::vector<float>(300, 0.0f)};
  raster.plane(0)[55] = 2.0f;
  raster.plane(1)[55] = 4.0f;
  raster.plane(2)[55] = -8.0f;
  raster.plane(2)[0] = kBlank;
  ViewSettings settings;
  settings.stretch.kind = "linear";
  settings.stretch.limits_from = 0.5;
  settings.crop = 0.6;
  const PreparedView view = prepare_view(raster, settings).value();
  EXPECT_EQ(view.image.width, 6);
  EXPECT_EQ(view.record.at("stretch"), "linear");
  EXPECT_EQ(view.record.at("low"), "0,0,-8");
  EXPECT_EQ(view.record.at("high"), "2,4,0");
  EXPECT_EQ(view.record.at("limits_from"), "0.5");
  EXPECT_EQ(view.record.at("blank"), "1");
  const std::uint8_t* lit = view.image.at(3, 3);
  EXPECT_EQ(std::vector<int>(lit, lit + 3), (std::vector<int>{0, 255, 255}));
}

TEST(Prepare, ValuesWithoutAStretchGetPercentile) {
  const PreparedView view = prepare_view(Raster{2, 1, 1, {1, 3}}, {}).value();
  EXPECT_EQ(view.record.at("stretch"), "percentile");
  EXPECT_EQ(view.image.at(0, 0)[0], 0);
  EXPECT_EQ(view.image.at(1, 0)[1], 255);
}

TEST(Prepare, APictureIsStretchedWhereAsked) {
  const Image image{2, 1, 3, {10, 20, 30, 110, 220, 130}};
  ViewSettings settings;
  settings.stretch.kind = "linear";
  settings.stretch.low = 10.0;
  settings.stretch.high = 110.0;
  const PreparedView view = prepare_view(image, settings).value();
  EXPECT_EQ(view.image.pixels, (std::vector<std::uint8_t>{0, 26, 51, 255, 255, 255}));
}

TEST(Prepare, SparseValuesAreCombinedBeforeTheStretch) {
  Raster raster{8, 8, 1, std::vector<float>(64, 0.0f)};
  for (int i : {0, 1, 8, 9}) raster.values[i] = 10.0f;
  raster.values[63] = 10.0f;
  ViewSettings settings;
  settings.stretch.kind = "linear";
  settings.resize = 4;
  settings.resize_filter = "sum";
  const PreparedView view = prepare_view(raster, settings).value();
  EXPECT_EQ(view.record.at("high"), "40");
  EXPECT_EQ(view.image.at(0, 0)[0], 255);
  EXPECT_EQ(view.image.at(3, 3)[0], 64);
  EXPECT_EQ(view.image.at(2, 1)[0], 0);
}

TEST(Prepare, WhatCannotBeShownIsAnError) {
  const auto blank = prepare_view(Raster{2, 1, 1, {kBlank, kBlank}}, {});
  ASSERT_FALSE(blank.ok());
  EXPECT_STREQ(blank.error().what(), "all pixels are blank");
  const auto bands = prepare_view(Raster{1, 1, 4, {1, 2, 3, 4}}, {});
  ASSERT_FALSE(bands.ok());
  EXPECT_NE(std::string(bands.error().what()).find("4 bands"), std::string::npos);
}

}  // namespace
}  // namespace firstlight
