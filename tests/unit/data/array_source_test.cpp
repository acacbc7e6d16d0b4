#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "firstlight/base/random.h"
#include "firstlight/base/text.h"
#include "firstlight/data/source.h"
#include "testing.h"

namespace firstlight {
namespace {

using testing::error_of_opening;
using testing::fixture;
using testing::picture;
using testing::raster;

TEST(NpySource, LabelsBesideTheImages) {
  const auto source = open_data_source(fixture("npy/X_test.npy"));
  EXPECT_EQ(source->size(), 6u);
  EXPECT_EQ(source->id(4), "X_test/4");
  EXPECT_EQ(source->truth(3), "1");
  EXPECT_EQ(source->truth(5), "0");
  const Sample sample = source->load(1).value();
  EXPECT_EQ(picture(sample).height, 8);
  EXPECT_EQ(picture(sample).width, 7);
  EXPECT_EQ(picture(sample).channels, 3);
  EXPECT_EQ(picture(sample).at(0, 0)[2], 170);
  EXPECT_EQ(picture(sample).at(6, 7)[2], (2 * 168 - 1) % 251);
  EXPECT_EQ(open_data_source("npy:" + fixture("npy/X_test.npy") + "?truth=")->truth(0),
            std::nullopt);
}

TEST(NpySource, ChannelsFirstValuesBecomePlanes) {
  const auto source = open_data_source("npy:" + fixture("npy/first_big.npy"));
  const Sample sample = source->load(1).value();
  EXPECT_EQ(raster(sample).bands, 2);
  EXPECT_EQ(raster(sample).height, 5);
  EXPECT_EQ(raster(sample).width, 4);
  EXPECT_EQ(raster(sample).plane(0)[0], 40.5f);
  EXPECT_EQ(raster(sample).plane(1)[19], 79.5f);
}

TEST(NpySource, GreyAndIntegerStacks) {
  const Sample grey = open_data_source(fixture("npy/grey.npy"))->load(1).value();
  EXPECT_EQ(picture(grey).channels, 1);
  EXPECT_EQ(*picture(grey).at(0, 0), 30);
  const Sample whole = open_data_source(fixture("npy/int16.npy"))->load(0).value();
  EXPECT_EQ(raster(whole).values.at(29), -71.f);
}

TEST(NpySource, TruthFromAnotherFile) {
  const auto source =
      open_data_source("npy:" + fixture("npy/grey.npy") + "?truth=" + fixture("npy/names.npy"));
  EXPECT_EQ(source->truth(1), "artéfact");
}

TEST(NpySource, WrongShapesAreNamed) {
  EXPECT_HAS(error_of_opening(fixture("npy/flat.npy")),
             "the array of shape (4, 30) is not a stack of images");
  EXPECT_HAS(error_of_opening(fixture("npy/y_test.npy")), "shape (6,)");
  EXPECT_HAS(
      error_of_opening("npy:" + fixture("npy/grey.npy") + "?truth=" + fixture("npy/y_test.npy")),
      "labels of shape (6,) do not fit the 2 images");
  const TemporaryFolder folder;
  for (const char* name : {"X_train.npy", "X_test.npy"}) {
    folder.copy(fixture("npy/X_test.npy"), name);
  }
  EXPECT_HAS(error_of_opening(folder.path()), "holds several .npy files");
}

TEST(NpySource, FileCutShortLaterIsAFailure) {
  const TemporaryFolder folder;
  const std::string path = folder.copy(fixture("npy/X_test.npy"), "X_test.npy");
  const auto source = open_data_source(path);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 200);
  EXPECT_TRUE(source->load(0).ok());
  ASSERT_FALSE(source->load(5).ok());
  EXPECT_HAS(std::string(source->load(5).error().what()), "cut short after it was opened");
}

TEST(NpySource, AFolderWithOnePairIsRecognised) {
  const TemporaryFolder folder;
  folder.copy(fixture("npy/X_test.npy"), "X.npy");
  folder.copy(fixture("npy/y_test.npy"), "y.npy");
  const auto source = open_data_source(folder.path());
  EXPECT_EQ(source->size(), 6u);
  EXPECT_EQ(source->truth(0), "1");
}

TEST(Hdf5Source, GalaxyMnistLayout) {
  const auto source = open_data_source(fixture("hdf5/galaxymnist.hdf5"));
  EXPECT_EQ(source->size(), 4u);
  EXPECT_EQ(source->id(2), "galaxymnist/2");
  EXPECT_EQ(source->truth(0), "3");
  const Sample sample = source->load(1).value();
  EXPECT_EQ(picture(sample).height, 6);
  EXPECT_EQ(picture(sample).width, 5);
  // Value of channel 2, row 0, column 1 of sample 1: ((1 * 3 + 2) * 6 + 0) * 5 + 1.
  EXPECT_EQ(picture(sample).at(1, 0)[2], 151);
}

TEST(Hdf5Source, Galaxy10LayoutWithColumns) {
  const auto source = open_data_source(fixture("hdf5/galaxy10.h5"));
  EXPECT_EQ(source->size(), 5u);
  EXPECT_EQ(source->truth(4), "4");
  const Sample sample = source->load(3).value();
  EXPECT_EQ(picture(sample).at(0, 0)[1], (3 * 90 + 1) % 251);
  ASSERT_EQ(sample.metadata.size(), 2u);
  EXPECT_EQ(sample.metadata[0].name, "ra");
  EXPECT_EQ(sample.metadata[0].value, MetadataValue(17.5));
  EXPECT_EQ(sample.metadata[1].name, "redshift");
}

TEST(Hdf5Source, AnyNamesInGroups) {
  const auto source = open_data_source("hdf5:" + fixture("hdf5/grouped.h5") +
                                       "?images=set/cutouts&truth=/set/kind");
  EXPECT_EQ(source->truth(1), "artifact");
  const Sample sample = source->load(2).value();
  EXPECT_EQ(raster(sample).bands, 2);
  EXPECT_EQ(raster(sample).plane(1)[0], 100.f);
  EXPECT_EQ(source->columns().size(), 3u);
  EXPECT_HAS(error_of_opening("hdf5:" + fixture("hdf5/grouped.h5") + "?images=cutouts"),
             "there is no dataset 'cutouts' (images=); the datasets are set/cutouts (3, 2, 5, 4)");
  EXPECT_HAS(error_of_opening("hdf5:" + fixture("hdf5/grouped.h5") + "?truth=set/cutouts"),
             "do not fit the 3 images");
}

TEST(Hdf5Source, NothingOutsideTheFileIsRead) {
  EXPECT_HAS(error_of_opening(fixture("hdf5/links.h5")), "no dataset is recognised");
  EXPECT_HAS(error_of_opening("hdf5:" + fixture("hdf5/links.h5") + "?images=images"),
             "there is no dataset 'images'");
}

// Whatever bytes change, opening and loading end with samples or errors.
TEST(Hdf5Source, DamagedFilesAreErrors) {
  const TemporaryFolder folder;
  const std::string good = text::read_file(fixture("hdf5/galaxy10.h5"));
  Random random(5);
  int refused = 0;
  int loaded = 0;
  for (int round = 0; round < 400; ++round) {
    std::string bytes = good;
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    if (random.chance(0.2)) bytes.resize(random.below(bytes.size()));
    const std::string path = folder.write("x.h5", bytes);
    try {
      const auto source = open_data_source(path);
      for (std::size_t i = 0; i < std::min<std::size_t>(source->size(), 10); ++i) {
        (source->load(i).ok() ? loaded : refused) += 1;
      }
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(loaded, 100);
}

}  // namespace
}  // namespace firstlight
