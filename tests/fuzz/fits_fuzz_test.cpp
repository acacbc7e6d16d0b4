#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "firstlight/fits/fits.h"
#include "fuzz/mutate.h"

/// cfitsio itself loses a few bytes on some damaged tiles.
extern "C" const char* __lsan_default_suppressions() { return "leak:libcfitsio"; }

namespace firstlight {
namespace {

TEST(FuzzFits, DamagedFilesAreErrorsOrImages) {
  const auto seeds = fuzz::read_seeds(FIRSTLIGHT_TEST_DIR "/unit/fits/fixtures", {".fits", ".gz"});
  ASSERT_FALSE(seeds.empty());
  const PixelLimits limits{.max_pixels = 1'000'000, .max_side = 65'535};
  const auto path = std::filesystem::temp_directory_path() /
                    ("firstlight-fuzz-" + std::to_string(::getpid()) + ".fits");
  Random random(5);
  int read = 0;
  constexpr int kRounds = 4000;
  for (int i = 0; i < kRounds; ++i) {
    // A new file each time: writing over the old one waits for the disk.
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << fuzz::mutate(seeds, random);
    const auto result = fits::read_fits_image(path.string(), std::nullopt, limits);
    if (!result) {
      const std::string message = result.error().what();
      EXPECT_EQ(message.rfind(path.string(), 0), 0u) << message;
      continue;
    }
    const Raster& raster = result.value().raster;
    EXPECT_EQ(raster.values.size(),
              static_cast<std::size_t>(raster.width) * raster.height * raster.bands);
    ++read;
  }
  std::filesystem::remove(path);
  EXPECT_GT(read, kRounds / 100);
  EXPECT_LT(read, kRounds * 95 / 100);
}

}  // namespace
}  // namespace firstlight
