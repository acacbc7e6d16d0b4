#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "firstlight/base/hash.h"
#include "firstlight/base/text.h"
#include "firstlight/fits/fits.h"

namespace firstlight::fits {
namespace {

std::string fixture(const std::string& name) {
  return FIRSTLIGHT_TEST_DIR "/unit/fits/fixtures/" + name;
}

std::string failure(const Result<FitsImage>& result) {
  return result.ok() ? "read" : result.error().what();
}

std::map<std::string, MetadataValue> keywords(const FitsImage& image) {
  std::map<std::string, MetadataValue> all;
  for (const auto& keyword : image.keywords) {
    EXPECT_EQ(keyword.provenance, Provenance::kMeasured);
    EXPECT_TRUE(all.emplace(keyword.name, keyword.value).second) << keyword.name;
  }
  return all;
}

TEST(FitsImage, PixelsEqualAstropys) {
  const auto expected = nlohmann::json::parse(text::read_file(fixture("astropy.json")));
  ASSERT_GE(expected.size(), 16u);
  for (const auto& item : expected) {
    std::optional<int> hdu;
    if (!item["hdu"].is_null()) hdu = item["hdu"].get<int>();
    const auto result = read_fits_image(fixture(item["file"]), hdu);
    ASSERT_TRUE(result.ok()) << failure(result);
    Raster raster = result.value().raster;
    EXPECT_EQ((std::vector{raster.width, raster.height, raster.bands}),
              item["size"].get<std::vector<int>>());
    int blank = 0;
    for (float& v : raster.values) {
      if (!std::isnan(v)) continue;
      ++blank;
      v = 0.0f;
    }
    EXPECT_EQ(blank, item["blank"].get<int>()) << item.dump();
    EXPECT_EQ(raster.values[0], item["first"].get<float>()) << item.dump();
    EXPECT_EQ(sha256_hex({reinterpret_cast<const char*>(raster.values.data()),
                          raster.values.size() * sizeof(float)}),
              item["sha256"].get<std::string>())
        << item.dump();
  }
}

TEST(FitsImage, KeywordsKeepTheirTypes) {
  const auto all = keywords(read_fits_image(fixture("float32.fits")).value());
  EXPECT_EQ(all.at("OBJECT"), MetadataValue("NGC 1"));
  EXPECT_EQ(all.at("EXPTIME"), MetadataValue(90.5));
  EXPECT_EQ(all.at("NCOMBINE"), MetadataValue(std::int64_t{3}));
  EXPECT_EQ(all.at("PHOTOMET"), MetadataValue(true));
  EXPECT_EQ(all.at("CTYPE1"), MetadataValue("RA---TAN"));
  EXPECT_EQ(all.at("CRVAL1"), MetadataValue(53.1234567890123));
  EXPECT_EQ(all.at("CD1_1"), MetadataValue(-7.3e-05));
  EXPECT_EQ(all.at("BUNIT"), MetadataValue("nanomaggy"));
  EXPECT_EQ(all.at("ESO TEL AIRM"), MetadataValue(1.25));
  EXPECT_EQ(all.at("UNKNOWN"), MetadataValue(std::monostate{}));
  const auto text = std::get<std::string>(all.at("LONGTEXT"));
  EXPECT_EQ(text.size(), 14u * 12 + 3);
  EXPECT_EQ(text.substr(text.size() - 5), ", end");
  for (const char* name : {"SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "EXTEND", "HISTORY", "COMMENT",
                           "CONTINUE", "LONGSTRN"}) {
    EXPECT_FALSE(all.contains(name)) << name;
  }
}

TEST(FitsImage, CompressionKeywordsAreLeftOut) {
  const auto all = keywords(read_fits_image(fixture("rice_1.fits"), 1).value());
  EXPECT_EQ(all.at("OBJECT"), MetadataValue("RICE_1"));
  for (const auto& [name, value] : all) {
    EXPECT_FALSE(name.starts_with("Z") || name.starts_with("T")) << name;
  }
}

TEST(FitsImage, ThePrimaryHeaderDescribesItsExtensions) {
  const auto all = keywords(read_fits_image(fixture("bands.fits"), 2).value());
  EXPECT_EQ(all.at("SURVEY"), MetadataValue("test"));
  EXPECT_EQ(all.at("EXPTIME"), MetadataValue(std::int64_t{60}));
}

TEST(FitsImage, ListsImagesAndTakesTheFirst) {
  for (const char* name : {"bands.fits", "bands.fits.gz"}) {
    const auto images = list_fits_images(fixture(name)).value();
    ASSERT_EQ(images.size(), 3u);
    EXPECT_EQ(images[0].hdu, 1);
    EXPECT_EQ(images[0].name, "G");
    EXPECT_EQ(images[2].hdu, 3);
  }
  EXPECT_EQ(list_fits_images(fixture("float32.fits")).value()[0].name, "r");
  EXPECT_TRUE(list_fits_images(fixture("spectrum.fits")).value().empty());
  EXPECT_EQ(read_fits_image(fixture("bands.fits")).value().raster.values,
            read_fits_image(fixture("bands.fits"), 1).value().raster.values);
}

struct DamagedFits : testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      ("firstlight-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));

  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
    return (folder / name).string();
  }
};

TEST_F(DamagedFits, TruncatedFilesSayHowMuchIsMissing) {
  for (const char* name : {"int32.fits", "cube.fits", "rice_1.fits", "gzip_2.fits"}) {
    const std::string bytes = text::read_file(fixture(name));
    const std::string path = write(name, bytes.substr(0, bytes.size() - 4000));
    const auto result = read_fits_image(path);
    EXPECT_NE(failure(result).find(path), std::string::npos);
    EXPECT_NE(failure(result).find("truncated"), std::string::npos) << failure(result);
  }
  const std::string pixels = text::read_file(fixture("int32.fits"));
  const auto late = read_fits_image(write("late.fits", pixels.substr(0, pixels.size() - 2000)));
  EXPECT_NE(failure(late).find("truncated"), std::string::npos) << failure(late);
  const std::string packed = text::read_file(fixture("bands.fits.gz"));
  EXPECT_NE(failure(read_fits_image(write("a.fits.gz", packed.substr(0, 5000)))).find("truncated"),
            std::string::npos);
}

TEST_F(DamagedFits, EveryCauseIsNamed) {
  EXPECT_NE(failure(read_fits_image((folder / "none.fits").string())).find("no such file"),
            std::string::npos);
  EXPECT_NE(failure(read_fits_image(folder.string())).find("not a regular file"),
            std::string::npos);
  EXPECT_NE(failure(read_fits_image(write("e.fits", ""))).find("empty"), std::string::npos);
  EXPECT_NE(failure(read_fits_image(write("x.fits", "hello"))).find("not a FITS file"),
            std::string::npos);
  EXPECT_NE(failure(read_fits_image(fixture("empty.fits"))).find("no HDU holds an image"),
            std::string::npos);
  EXPECT_NE(failure(read_fits_image(fixture("spectrum.fits"), 0)).find("(HDU 0): holds no image"),
            std::string::npos);
  EXPECT_NE(failure(read_fits_image(fixture("bands.fits"), 9)).find("there is no HDU 9"),
            std::string::npos);
  EXPECT_NE(failure(read_fits_image(fixture("bands.fits"), 4)).find("(HDU 4): holds no image"),
            std::string::npos);
}

TEST_F(DamagedFits, TilesAreCheckedBeforeTheyAreExpanded) {
  for (const auto& [name, cause] :
       {std::pair{"rice_1.fits", "does not hold its pixels"}, {"gzip_1.fits", "damaged"}}) {
    std::string bytes = text::read_file(fixture(name));
    const std::size_t data = bytes.find("END     ", bytes.find("XTENSION")) / 2880 * 2880 + 2880;
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(data) + 400, bytes.end(), '\0');
    const auto result = read_fits_image(write(name, bytes));
    EXPECT_NE(failure(result).find("compressed image is damaged"), std::string::npos);
    EXPECT_NE(failure(result).find(cause), std::string::npos) << failure(result);
  }
  std::string bytes = text::read_file(fixture("rice_1.fits"));
  bytes.replace(bytes.find("ZVAL1   =") + 10, 20, "                   0");
  EXPECT_NE(failure(read_fits_image(write("block.fits", bytes))).find("ZVAL1"), std::string::npos);
}

TEST_F(DamagedFits, LimitsHold) {
  const PixelLimits few{.max_pixels = 100, .max_side = 65535};
  EXPECT_NE(failure(read_fits_image(fixture("int32.fits"), 0, few)).find("52 x 40 pixels"),
            std::string::npos);
  std::string bytes = text::read_file(fixture("int32.fits"));
  const auto at = bytes.find("NAXIS1  =");
  bytes.replace(at + 10, 20, "               65000");
  const auto result = read_fits_image(write("huge.fits", bytes));
  EXPECT_NE(failure(result).find("truncated"), std::string::npos) << failure(result);
  bytes.replace(at + 10, 20, "          9999999999");
  EXPECT_NE(failure(read_fits_image(write("huge2.fits", bytes))).find("too large"),
            std::string::npos);
}

TEST_F(DamagedFits, ExtendedFileNamesAreOnlyNames) {
  const std::string bytes = text::read_file(fixture("int16.fits"));
  for (const char* name : {"a[1].fits", "b.fits[0:3,1:2]", "c(d).fits", "~e.fits", "f+1"}) {
    EXPECT_TRUE(read_fits_image(write(name, bytes)).ok()) << name;
  }
  const auto previous = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  EXPECT_TRUE(read_fits_image("~e.fits").ok());
  std::filesystem::current_path(previous);
  EXPECT_FALSE(read_fits_image(fixture("int16.fits") + "[0]").ok());
  EXPECT_FALSE(read_fits_image("mem://x").ok());
}

TEST_F(DamagedFits, ThreadsMayReadAtOnce) {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t, &wrong] {
      for (int i = 0; i < 20; ++i) {
        if (!read_fits_image(fixture("rice_1.fits")).ok()) ++wrong[t];
        if (read_fits_image(fixture("spectrum.fits")).ok()) ++wrong[t];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

}  // namespace
}  // namespace firstlight::fits
