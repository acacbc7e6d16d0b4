#include "firstlight/image/stretch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "image_fixtures.h"

namespace firstlight {
namespace {

const float kBlank = std::numeric_limits<float>::quiet_NaN();

/// The values that make_stretch_fixtures.py calls `sky`.
Raster sky(int width, int height, int bands, bool blanks) {
  const Image image = pattern(width, height, bands);
  Raster raster{width, height, bands, {}};
  raster.values.resize(image.size());
  for (int band = 0; band < bands; ++band) {
    for (int i = 0; i < width * height; ++i) {
      const double p = image.pixels[i * bands + band] / 255.0;
      raster.plane(band)[i] = static_cast<float>(p * p * p * p * 900 - 30);
    }
    if (blanks) raster.plane(band)[2 * width + 3] = kBlank;
  }
  if (blanks) raster.values[5 * width + 1] = kBlank;
  return raster;
}

StretchSettings of_kind(const std::string& kind, double limits_from = 1.0) {
  StretchSettings settings;
  settings.kind = kind;
  settings.limits_from = limits_from;
  return settings;
}

StretchSettings settings_from(const nlohmann::json& item) {
  StretchSettings settings;
  settings.kind = item["kind"];
  if (item.contains("softening")) settings.softening = item["softening"].get<double>();
  if (item.contains("low")) settings.low = item["low"].get<double>();
  settings.percentile = item.value("percentile", settings.percentile);
  settings.contrast = item.value("contrast", settings.contrast);
  settings.stretch = item.value("stretch", settings.stretch);
  settings.limits_from = item.value("limits_from", 1.0);
  return settings;
}

TEST(Stretch, LimitsAndValuesEqualAstropys) {
  const auto expected = read_json("astropy.json");
  ASSERT_GT(expected.size(), 50u);
  for (const auto& item : expected) {
    const StretchSettings settings = settings_from(item["settings"]);
    const bool lupton = settings.kind == "lupton";
    const int width = item["size"][0];
    const Raster raster = sky(width, item["size"][1], item["size"][2], !lupton && width > 3);
    const auto limits = find_limits(raster, settings).value();
    const std::string which = item["settings"].dump() + item["size"].dump();
    EXPECT_NEAR(limits[0].low, item["low"].get<double>(), 1e-4) << which;
    if (!lupton) {
      EXPECT_NEAR(limits[0].high, item["high"].get<double>(), 1e-4) << which;
    }
    const Raster result = apply_stretch(raster, settings, limits);
    const auto& values = item["values"];
    const std::size_t step = item["step"];
    ASSERT_EQ(values.size(), (result.values.size() + step - 1) / step);
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_NEAR(result.values[i * step], values[i].get<double>(), 2e-6) << which << " at " << i;
    }
  }
}

TEST(Stretch, WorkedNumbers) {
  EXPECT_NEAR(asinh_stretch(0.5, 0.1), std::asinh(5.0) / std::asinh(10.0), 1e-15);
  EXPECT_NEAR(log_stretch(0.5, 1000), std::log(501.0) / std::log(1001.0), 1e-15);
  const StretchLimits limits = percentile_limits({4, 1, 3, 2, 0}, 50);  // 25 % and 75 %
  EXPECT_EQ(limits.low, 1.0);
  EXPECT_EQ(limits.high, 3.0);
  const StretchLimits between = percentile_limits({0, 10}, 80);
  EXPECT_NEAR(between.low, 1.0, 1e-12);
  EXPECT_NEAR(between.high, 9.0, 1e-12);
}

TEST(Stretch, GivenLimitsWin) {
  const Raster raster{4, 1, 1, {-10, 0, 5, 100}};
  StretchSettings settings = of_kind("linear");
  settings.low = 0.0;
  settings.high = 10.0;
  const auto limits = find_limits(raster, settings).value();
  EXPECT_EQ(apply_stretch(raster, settings, limits).values, (std::vector<float>{0, 0, 0.5, 1}));
  settings.high.reset();
  EXPECT_EQ(find_limits(raster, settings).value()[0].high, 100.0);
}

TEST(Stretch, EqualLimitsDoNotDivide) {
  Raster sparse{30, 30, 1, std::vector<float>(900, 0.0f)};
  sparse.values[7] = 3.0f;
  const StretchSettings settings = of_kind("percentile");
  const auto limits = find_limits(sparse, settings).value();
  EXPECT_EQ(limits[0].high, 0.0);
  const Raster result = apply_stretch(sparse, settings, limits);
  EXPECT_EQ(result.values[7], 1.0f);
  EXPECT_EQ(result.values[8], 0.0f);
}

TEST(Stretch, BlanksAreBlackAndCountForNothing) {
  Raster raster{3, 1, 2, {kBlank, 1, 3, 2, kBlank, 6}};
  const StretchSettings linear = of_kind("linear");
  const auto limits = find_limits(raster, linear).value();
  EXPECT_EQ(limits[0].low, 1.0);
  EXPECT_EQ(limits[1].high, 6.0);
  EXPECT_EQ(apply_stretch(raster, linear, limits).values, (std::vector<float>{0, 0, 1, 0, 0, 1}));
  raster.values = {kBlank, kBlank, kBlank, 1, 2, 3};
  const auto nothing = find_limits(raster, linear);
  ASSERT_FALSE(nothing.ok());
  EXPECT_STREQ(nothing.error().what(), "all pixels of band 1 are blank");
}

TEST(Stretch, ABlankCentreLeavesTheFrame) {
  Raster raster{5, 5, 1, std::vector<float>(25, 1.0f)};
  raster.values[12] = kBlank;
  raster.values[0] = 9.0f;
  const StretchSettings centre = of_kind("linear", 0.2);
  EXPECT_EQ(find_limits(raster, centre).value()[0].high, 9.0);
}

TEST(Stretch, CentralLimitsIgnoreABrightNeighbour) {
  Raster raster{10, 10, 1, std::vector<float>(100, 1.0f)};
  raster.values[55] = 4.0f;
  raster.values[99] = 5000.0f;
  EXPECT_EQ(find_limits(raster, of_kind("linear")).value()[0].high, 5000.0);
  EXPECT_EQ(find_limits(raster, of_kind("linear", 0.4)).value()[0].high, 4.0);
}

TEST(Stretch, LuptonTakesNoHigh) {
  StretchSettings settings = of_kind("lupton");
  settings.high = 1.0;
  EXPECT_FALSE(find_limits(Raster{1, 1, 1, {1}}, settings).ok());
}

TEST(Stretch, BandsBecomeColoursFromBlueToRed) {
  EXPECT_EQ(to_picture(Raster{1, 1, 3, {0.0f, 0.5f, 1.0f}}).pixels,
            (std::vector<std::uint8_t>{255, 128, 0}));
  EXPECT_EQ(to_picture(Raster{1, 1, 2, {0.0f, 1.0f}}).pixels,
            (std::vector<std::uint8_t>{255, 128, 0}));
  const Image grey = to_picture(Raster{2, 1, 1, {0.0f, 1.0f}});
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.pixels, (std::vector<std::uint8_t>{0, 255}));
}

}  // namespace
}  // namespace firstlight
