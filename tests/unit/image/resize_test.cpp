#include "firstlight/image/resize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "firstlight/base/error.h"
#include "image_fixtures.h"

namespace firstlight {
namespace {

const float kBlank = std::numeric_limits<float>::quiet_NaN();

TEST(Resize, EqualsPillowBitForBit) {
  const auto expected = read_json("pillow.json")["resize"];
  ASSERT_FALSE(expected.empty());
  for (const auto& item : expected) {
    const auto from = item["from"], to = item["to"];
    const Image result = resize(pattern(from[0], from[1], from[2]), to[0], to[1],
                                resize_filter(item["filter"].get<std::string>()));
    EXPECT_EQ(result.width, to[0]);
    EXPECT_EQ(result.height, to[1]);
    EXPECT_EQ(pixel_hash(result), item["sha256"].get<std::string>()) << item.dump();
  }
}

TEST(Resize, ValuesEqualPillowsModeF) {
  const auto expected = read_json("pillow.json")["resize_float"];
  ASSERT_FALSE(expected.empty());
  for (const auto& item : expected) {
    const int w = item["from"][0], h = item["from"][1];
    const Image source = pattern(w, h, 1);
    Raster raster{w, h, 1, {}};
    for (auto v : source.pixels) raster.values.push_back(static_cast<float>(v) * 0.37f - 20.0f);
    const Raster result = resize(raster, item["to"][0], item["to"][1],
                                 resize_filter(item["filter"].get<std::string>()));
    for (std::size_t i = 0; i < item["values"].size(); ++i) {
      EXPECT_NEAR(result.values[i * 17], item["values"][i].get<float>(), 2e-5) << item.dump();
    }
  }
}

TEST(Resize, AreaAveragesWhatAPixelCovers) {
  const Raster raster{3, 2, 1, {0, 3, 9, 6, 9, 3}};
  const Raster row = resize(raster, 2, 1, ResizeFilter::kArea);
  // Columns are 1.5 pixels wide: (0 + 0.5 * 3 + 6 + 0.5 * 9) / 3 and (1.5 + 9 + 4.5 + 3) / 3.
  EXPECT_FLOAT_EQ(row.values[0], 4.0f);
  EXPECT_FLOAT_EQ(row.values[1], 6.0f);
}

TEST(Resize, SumKeepsTheTotalAndMaxTheBrightest) {
  Raster raster{500, 400, 2, {}};
  raster.values.resize(500 * 400 * 2, 0.0f);
  raster.plane(0)[123 * 500 + 321] = 40.0f;
  raster.plane(0)[399 * 500 + 499] = 7.0f;
  raster.plane(1)[17] = 3.0f;
  for (const auto& [width, height] : {std::pair{128, 128}, {499, 13}, {600, 401}}) {
    const Raster sum = resize(raster, width, height, ResizeFilter::kSum);
    const Raster max = resize(raster, width, height, ResizeFilter::kMax);
    const std::size_t n = static_cast<std::size_t>(width) * height;
    double total[2] = {}, greatest[2] = {};
    for (int band = 0; band < 2; ++band) {
      for (std::size_t i = 0; i < n; ++i) {
        total[band] += sum.plane(band)[i];
        greatest[band] = std::max<double>(greatest[band], max.plane(band)[i]);
      }
    }
    EXPECT_NEAR(total[0], 47.0, 1e-4);
    EXPECT_NEAR(total[1], 3.0, 1e-5);
    EXPECT_EQ(greatest[0], 40.0);
    EXPECT_EQ(greatest[1], 3.0);
  }
}

TEST(Resize, SparseBytesSaturate) {
  Image image{4, 4, 1, std::vector<std::uint8_t>(16, 100)};
  image.pixels[5] = 0;
  const Image sum = resize(image, 2, 2, ResizeFilter::kSum);
  EXPECT_EQ(sum.pixels, (std::vector<std::uint8_t>{255, 255, 255, 255}));
  image.pixels.assign(16, 0);
  image.pixels[5] = 9;
  EXPECT_EQ(resize(image, 2, 2, ResizeFilter::kSum).pixels,
            (std::vector<std::uint8_t>{9, 0, 0, 0}));
  EXPECT_EQ(resize(image, 2, 2, ResizeFilter::kMax).pixels,
            (std::vector<std::uint8_t>{9, 0, 0, 0}));
  EXPECT_EQ(resize(image, 2, 2, ResizeFilter::kArea).pixels,
            (std::vector<std::uint8_t>{2, 0, 0, 0}));
}

TEST(Resize, BlankPixelsAreLeftOut) {
  Raster flat{8, 8, 1, std::vector<float>(64, 5.0f)};
  flat.values[9] = kBlank;
  for (auto filter : {ResizeFilter::kBicubic, ResizeFilter::kBilinear, ResizeFilter::kLanczos,
                      ResizeFilter::kArea, ResizeFilter::kMax}) {
    for (float v : resize(flat, 4, 4, filter).values) EXPECT_NEAR(v, 5.0f, 1e-5);
  }
  EXPECT_FLOAT_EQ(resize(flat, 4, 4, ResizeFilter::kSum).values[0], 15.0f);
  Raster gone{8, 8, 1, std::vector<float>(64, 5.0f)};
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 4; ++x) gone.values[y * 8 + x] = kBlank;
  }
  for (auto filter : {ResizeFilter::kBicubic, ResizeFilter::kBilinear, ResizeFilter::kLanczos,
                      ResizeFilter::kArea, ResizeFilter::kMax, ResizeFilter::kSum}) {
    const Raster half = resize(gone, 4, 4, filter);
    EXPECT_TRUE(std::isnan(half.values[0]));
    EXPECT_FALSE(std::isnan(half.values[3]));
  }
}

TEST(Resize, WrongRequestsAreErrors) {
  EXPECT_THROW(resize(pattern(4, 4, 1), 0, 4, ResizeFilter::kBicubic), Error);
  EXPECT_THROW(resize_filter("nearest"), Error);
  EXPECT_EQ(resize_filter("max"), ResizeFilter::kMax);
}

TEST(Crop, TakesThePartInside) {
  const Image image = pattern(9, 7, 3);
  const Image part = crop(image, 2, 3, 5, 4);
  EXPECT_EQ(part.width, 5);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 5; ++x) {
      for (int c = 0; c < 3; ++c) EXPECT_EQ(part.at(x, y)[c], image.at(x + 2, y + 3)[c]);
    }
  }
  const Raster raster{3, 2, 2, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}};
  EXPECT_EQ(crop(raster, 1, 1, 2, 1).values, (std::vector<float>{4, 5, 10, 11}));
  EXPECT_THROW(crop(raster, 2, 0, 2, 1), Error);
  EXPECT_THROW(crop(image, -1, 0, 2, 1), Error);
}

}  // namespace
}  // namespace firstlight
