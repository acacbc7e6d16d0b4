#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "firstlight/image/codec.h"
#include "fuzz/mutate.h"

namespace firstlight {
namespace {

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffu;  // ISO 3309, as in the PNG specification
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0xedb88320u : 0u);
  }
  return crc ^ 0xffffffffu;
}

/// Rewrites the checksums of a PNG's chunks, so that what is in them gets read.
void repair_checksums(std::string& png) {
  std::size_t at = 8;
  while (at + 12 <= png.size()) {
    std::uint32_t length = 0;
    for (int i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(png[at + i]);
    if (length > png.size() - at - 12) return;
    const std::uint32_t crc = crc32(std::string_view(png).substr(at + 4, length + 4));
    for (int i = 0; i < 4; ++i) {
      png[at + 8 + length + i] = static_cast<char>(crc >> (24 - 8 * i));
    }
    at += length + 12;
  }
}

/// Every value that comes out is consistent; returns whether there was one.
bool decodes(const std::string& bytes) {
  const PixelLimits limits{.max_pixels = 4'000'000, .max_side = 65'535};
  const auto result = decode_image(bytes, "mutant", limits);
  if (!result) {
    const std::string message = result.error().what();
    EXPECT_EQ(message.rfind("mutant", 0), 0u) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
    return false;
  }
  if (const Image* image = std::get_if<Image>(&result.value())) {
    EXPECT_TRUE(image->channels == 1 || image->channels == 3);
    EXPECT_EQ(image->size(),
              static_cast<std::size_t>(image->width) * image->height * image->channels);
  } else {
    const Raster& raster = std::get<Raster>(result.value());
    EXPECT_EQ(raster.values.size(),
              static_cast<std::size_t>(raster.width) * raster.height * raster.bands);
  }
  return true;
}

void run(const std::vector<std::string>& endings, int rounds, std::uint64_t seed) {
  const auto seeds = fuzz::read_seeds(FIRSTLIGHT_TEST_DIR "/unit/image/fixtures", endings);
  ASSERT_FALSE(seeds.empty());
  Random random(seed);
  int decoded = 0;
  for (int i = 0; i < rounds; ++i) {
    std::string bytes = fuzz::mutate(seeds, random);
    if (bytes.starts_with("\x89PNG") && random.chance(0.8)) repair_checksums(bytes);
    decoded += decodes(bytes);
  }
  // Neither everything nor nothing may get through, else the changes test little.
  EXPECT_GT(decoded, rounds / 100);
  EXPECT_LT(decoded, rounds * 9 / 10);
}

TEST(FuzzImage, Png) { run({".png"}, 8000, 1); }
TEST(FuzzImage, Jpeg) { run({".jpg"}, 8000, 2); }
TEST(FuzzImage, Tiff) { run({".tif"}, 8000, 3); }
TEST(FuzzImage, Noise) {
  Random random(4);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random.below(300), '\0');
    for (char& c : bytes) c = static_cast<char>(random.below(256));
    static const std::array<std::string, 4> kStarts = {"\x89PNG\r\n\x1a\n", "\xff\xd8\xff",
                                                       std::string("II*\0", 4), ""};
    decodes(kStarts[random.below(4)] + bytes);
  }
}

}  // namespace
}  // namespace firstlight
