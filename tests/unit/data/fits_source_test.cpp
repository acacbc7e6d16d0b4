#include <gtest/gtest.h>

#include <string>

#include "firstlight/data/source.h"
#include "testing.h"

namespace firstlight {
namespace {

using testing::error_of_opening;
using testing::fixture;
using testing::Ids;
using testing::ids;
using testing::raster;

TEST(FitsSource, OneFileABandByName) {
  const auto source = open_data_source("fits:" + fixture("fits/suffix") + "?bands=g,r,z");
  EXPECT_EQ(ids(*source), (Ids{"ngc1", "ngc2", "ngc3"}));
  const Sample sample = source->load(0).value();
  EXPECT_EQ(raster(sample).bands, 3);
  EXPECT_EQ(raster(sample).plane(0)[0], 10.f);
  EXPECT_EQ(raster(sample).plane(2)[11], 12.f);
  const auto missing = source->load(1);
  ASSERT_FALSE(missing.ok());
  EXPECT_HAS(std::string(missing.error().what()), "there is no file for band 'z'");
  const auto uneven = source->load(2);
  ASSERT_FALSE(uneven.ok());
  EXPECT_HAS(std::string(uneven.error().what()), "is 5 x 5 pixels, the first band 4 x 3");
}

TEST(FitsSource, HeaderKeywordsAreMetadata) {
  const auto source = open_data_source("fits:" + fixture("fits/suffix") + "?bands=g,r,z");
  const Sample sample = source->load(0).value();
  bool found = false;
  for (const Metadata& m : sample.metadata) {
    if (m.name != "EXPTIME") continue;
    found = true;
    EXPECT_EQ(m.value, MetadataValue(90.5));
    EXPECT_EQ(m.provenance, Provenance::kMeasured);
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(source->columns().size(), sample.metadata.size());
}

TEST(FitsSource, OneFolderABand) {
  const auto source = open_data_source("fits:" + fixture("fits/folders") + "?bands=g,r");
  EXPECT_EQ(ids(*source), (Ids{"m31"}));
  EXPECT_EQ(raster(source->load(0).value()).plane(1)[0], 2.f);
}

TEST(FitsSource, BandsInOneFile) {
  const auto cube = open_data_source(fixture("fits/one/cube.fits"));
  EXPECT_EQ(raster(cube->load(0).value()).bands, 3);
  const auto hdus = open_data_source("fits:" + fixture("fits/one/hdus.fits") + "?bands=g,r,z");
  const Sample sample = hdus->load(0).value();
  EXPECT_EQ(sample.id, "hdus");
  for (int band = 0; band < 3; ++band) {
    EXPECT_EQ(raster(sample).plane(band)[0], static_cast<float>(band + 1));
  }
  const auto second = open_data_source("fits:" + fixture("fits/one/hdus.fits") + "?hdu=2");
  EXPECT_EQ(raster(second->load(0).value()).plane(0)[0], 1.f);
  const auto tiles = open_data_source(fixture("fits/one/tiles.fits.fz"));
  EXPECT_EQ(tiles->id(0), "tiles");
  EXPECT_EQ(raster(tiles->load(0).value()).plane(0)[5], 7.f);
}

TEST(FitsSource, WrongNumberOfBandsIsAFailure) {
  const auto source = open_data_source("fits:" + fixture("fits/one/cube.fits") + "?bands=g,r");
  ASSERT_FALSE(source->load(0).ok());
  EXPECT_HAS(std::string(source->load(0).error().what()), "holds 3 bands, not the 2 of bands=g,r");
  EXPECT_HAS(error_of_opening("fits:" + fixture("fits") + "?hdu=x"), "not the number of an HDU");
  EXPECT_HAS(error_of_opening("fits:" + fixture("fits") + "?bands=g,g"), "named twice");
}

}  // namespace
}  // namespace firstlight
