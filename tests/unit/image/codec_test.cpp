#include "firstlight/image/codec.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "image_fixtures.h"

namespace firstlight {
namespace {

Image read_picture(const std::string& name) {
  return std::get<Image>(read_image(fixture(name)).value());
}

std::string failure(const Result<Pixels>& result) {
  return result.ok() ? "decoded" : result.error().what();
}

TEST(Codec, PixelsEqualPillows) {
  const auto expected = read_json("pillow.json")["codec"];
  ASSERT_FALSE(expected.empty());
  for (const auto& [name, item] : expected.items()) {
    const Image image = read_picture(name);
    EXPECT_EQ(image.width, item["size"][0]) << name;
    EXPECT_EQ(image.height, item["size"][1]) << name;
    EXPECT_EQ(image.channels, item["size"][2]) << name;
    EXPECT_EQ(pixel_hash(image), item["sha256"].get<std::string>()) << name;
  }
}

std::string plane_hash(const Raster& raster) {
  return sha256_hex(
      {reinterpret_cast<const char*>(raster.values.data()), raster.values.size() * sizeof(float)});
}

TEST(Codec, EveryKindOfFileGivesWhatWasWritten) {
  const auto expected = read_json("pillow.json")["own"];
  ASSERT_FALSE(expected.empty());
  for (const auto& [name, item] : expected.items()) {
    const auto result = read_image(fixture(name));
    ASSERT_TRUE(result.ok()) << failure(result);
    const std::vector<int> size = item["size"];
    if (item.contains("planes")) {
      ASSERT_TRUE(std::holds_alternative<Raster>(result.value())) << name;
      const Raster& raster = std::get<Raster>(result.value());
      EXPECT_EQ((std::vector{raster.width, raster.height, raster.bands}), size) << name;
      EXPECT_EQ(plane_hash(raster), item["planes"].get<std::string>()) << name;
    } else {
      ASSERT_TRUE(std::holds_alternative<Image>(result.value())) << name;
      const Image& image = std::get<Image>(result.value());
      EXPECT_EQ((std::vector{image.width, image.height, image.channels}), size) << name;
      EXPECT_EQ(pixel_hash(image), item["sha256"].get<std::string>()) << name;
    }
  }
}

TEST(Codec, PngRoundTrip) {
  for (int channels : {1, 3}) {
    const Image image = pattern(33, 21, channels);
    const Image again = std::get<Image>(decode_image(encode_png(image), "memory").value());
    EXPECT_EQ(again.channels, channels);
    EXPECT_EQ(again.pixels, image.pixels);
  }
}

TEST(Codec, JpegRoundTripIsClose) {
  Image image{48, 32, 3, std::vector<std::uint8_t>(48 * 32 * 3, 90)};
  const Image again = std::get<Image>(decode_image(encode_jpeg(image, 95), "memory").value());
  for (std::size_t i = 0; i < image.size(); ++i) EXPECT_NEAR(again.pixels[i], 90, 2);
  EXPECT_THROW(encode_jpeg(image, 0), Error);
  image.pixels.pop_back();
  EXPECT_THROW(encode_png(image), Error);
}

TEST(Codec, TruncatedFilesAreErrors) {
  for (const char* name : {"rgb.png", "palette.png", "interlaced.png", "rgb.jpg", "progressive.jpg",
                           "lzw.tif", "rgb_big_endian.tif", "bands8.tif", "rgb_planar_tiled.tif"}) {
    const std::string bytes = text::read_file(fixture(name));
    // The last four bytes of a TIFF may say only that no other picture follows.
    for (std::size_t size : {bytes.size() / 4, bytes.size() / 2, bytes.size() - 8}) {
      const auto result = decode_image(std::string_view(bytes).substr(0, size), "part");
      ASSERT_FALSE(result.ok()) << name << " cut to " << size;
      EXPECT_EQ(std::string(result.error().what()).rfind("part: ", 0), 0u);
      EXPECT_EQ(result.error().kind(), ErrorKind::kInput);
    }
  }
}

TEST(Codec, DamagedPngNamesTheCause) {
  std::string bytes = text::read_file(fixture("rgb.png"));
  bytes[bytes.size() / 2] ^= 0x55;
  EXPECT_NE(failure(decode_image(bytes, "x")).find("PNG cannot be decoded: "), std::string::npos);
}

TEST(Codec, OtherFilesAreErrors) {
  EXPECT_EQ(failure(decode_image("", "a.png")), "a.png: the file is empty");
  EXPECT_EQ(failure(decode_image("hello", "a.png")), "a.png: not a PNG, JPEG or TIFF image");
  EXPECT_EQ(failure(read_image("/no/such.png")), "/no/such.png: no such file");
  EXPECT_EQ(failure(read_image("/")), "/: not a regular file");
}

TEST(Codec, LimitsHoldBeforePixelsAreAllocated) {
  const PixelLimits small{.max_pixels = 1000, .max_side = 65535};
  EXPECT_NE(
      failure(read_image(fixture("rgb.png"), small)).find("61 x 47 pixels, the limit is 1000"),
      std::string::npos);
  const PixelLimits narrow{.max_pixels = 100000, .max_side = 50};
  EXPECT_NE(failure(read_image(fixture("rgb.jpg"), narrow)).find("the limit is 50 a side"),
            std::string::npos);
}

/// A PNG with a right header of any size and nothing in it.
std::string hollow_png(std::uint32_t width, std::uint32_t height) {
  std::string bytes = encode_png(pattern(4, 4, 3));
  const auto put = [&](std::size_t at, std::uint32_t v) {
    for (int i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(v >> (24 - 8 * i));
  };
  put(16, width);
  put(20, height);
  std::uint32_t crc = 0xffffffffu;  // ISO 3309, as in the PNG specification
  for (std::size_t i = 12; i < 29; ++i) {
    crc ^= static_cast<unsigned char>(bytes[i]);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0xedb88320u : 0u);
  }
  put(29, crc ^ 0xffffffffu);
  return bytes;
}

TEST(Codec, DecompressionBombsAreRefused) {
  EXPECT_NE(failure(decode_image(hollow_png(60000, 60000), "b")).find("too large"),
            std::string::npos);
  EXPECT_NE(failure(decode_image(hollow_png(9000, 9000), "b")).find("too short"),
            std::string::npos);
  EXPECT_NE(failure(decode_image(hollow_png(4, 5), "b")).find("cannot be decoded"),
            std::string::npos);
}

TEST(Codec, RealGalaxies) {
  const std::filesystem::path folder =
      std::filesystem::path(FIRSTLIGHT_TEST_DIR) / "../../shared/data/galaxy-sdss/images";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no real data beside the repository";
  int n = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".jpg") continue;
    const auto result = read_image(entry.path().string());
    ASSERT_TRUE(result.ok()) << failure(result);
    EXPECT_EQ(std::get<Image>(result.value()).width, 224);
    ++n;
  }
  EXPECT_EQ(n, 647);
}

}  // namespace
}  // namespace firstlight
