#include "firstlight/nn/image_processor.h"

#include <gtest/gtest.h>

#include "firstlight/base/error.h"

namespace firstlight::nn {
namespace {

ImageProcessor parse(const std::string& json) {
  return ImageProcessor::parse(json, "preprocessor_config.json");
}

/// Every channel of pixel (x, y) is 10 x + y.
Image ramp(int width, int height) {
  Image image{width, height, 3, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) image.pixels.push_back(static_cast<std::uint8_t>(10 * x + y));
    }
  }
  return image;
}

const std::string kPlain = R"("do_resize": false, "do_rescale": false, "do_normalize": false)";

TEST(ImageProcessor, CropsTheCentreAndPadsWithBlack) {
  const auto p = parse("{" + kPlain + R"(, "crop_size": {"height": 2, "width": 6}})");
  const PixelValues v = p.process(ramp(3, 5));
  EXPECT_EQ(v.width, 6);
  EXPECT_EQ(v.height, 2);
  // (6 - 3) / 2 = 1 black column before, two behind; rows 1 and 2 of 5.
  EXPECT_EQ((std::vector<float>(v.values.begin(), v.values.begin() + 12)),
            (std::vector<float>{0, 1, 11, 21, 0, 0, 0, 2, 12, 22, 0, 0}));
}

TEST(ImageProcessor, PadsToASquareInTheMeanColour) {
  const auto p =
      parse("{" + kPlain +
            R"(, "do_center_crop": false, "do_pad": true, "image_mean": [0.5, 0.25, 0.0]})");
  const PixelValues v = p.process(ramp(1, 3));
  ASSERT_EQ(v.width, 3);
  EXPECT_EQ((std::vector<float>(v.values.begin(), v.values.begin() + 3)),
            (std::vector<float>{127, 0, 127}));
  EXPECT_EQ(v.values[9], 63.0f);
}

TEST(ImageProcessor, TheShorterEdgeDecides) {
  const auto p = parse(R"({"size": {"shortest_edge": 8}, "do_center_crop": false})");
  EXPECT_EQ(p.process(ramp(12, 4)).width, 24);
  EXPECT_EQ(p.process(ramp(12, 4)).height, 8);
  EXPECT_EQ(p.process(ramp(7, 15)).height, 17);  // 8 * 15 / 7, cut off
  const auto limited =
      parse(R"({"size": {"shortest_edge": 8, "longest_edge": 20}, "do_center_crop": false})");
  EXPECT_EQ(limited.process(ramp(12, 4)).width, 20);
  EXPECT_EQ(limited.process(ramp(12, 4)).height, 7);
}

TEST(ImageProcessor, RescalesAndNormalises) {
  const auto p = parse(R"({"do_resize": false, "do_center_crop": false,
      "image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25]})");
  Image image{2, 1, 3, {0, 0, 0, 255, 255, 255}};
  EXPECT_FLOAT_EQ(p.process(image).values[0], -2.0f);
  EXPECT_FLOAT_EQ(p.process(image).values[1], 2.0f);
}

TEST(ImageProcessor, WhatIsNotSupportedIsAnError) {
  EXPECT_THROW(parse(R"({"image_processor_type": "ViTImageProcessor"})"), Error);
  EXPECT_THROW(parse(R"({"resample": 4})"), Error);
  EXPECT_THROW(parse(R"({"size": {"max_height": 4}})"), Error);
  EXPECT_THROW(parse(R"({"size": [4, 5, 6]})"), Error);
  EXPECT_THROW(parse(R"({"image_processor_type": "CLIPImageProcessor", "do_pad": true,
      "do_center_crop": false})"),
               Error);
  EXPECT_THROW(parse(R"({"size": {"longest_edge": 4}})"), Error);
  EXPECT_THROW(parse(R"({"crop_size": 0})"), Error);
  EXPECT_THROW(parse(R"({"image_std": [1, 0, 1]})"), Error);
  EXPECT_THROW(parse(R"({"image_mean": [1]})"), Error);
  EXPECT_THROW(parse("7"), Error);
  const auto wide = parse(R"({"size": {"shortest_edge": 3000}, "do_center_crop": false})");
  const Image strip{60000, 1, 3, std::vector<std::uint8_t>(180000)};
  EXPECT_THROW(wide.process(strip), Error);
  EXPECT_THROW(parse(R"({"do_pad": true})").process(strip), Error);
  const auto huge = parse(R"({"crop_size": {"height": 65536, "width": 65536}})");
  EXPECT_THROW(huge.process(ramp(3, 4)), Error);
}

}  // namespace
}  // namespace firstlight::nn
