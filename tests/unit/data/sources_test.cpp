#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "firstlight/base/random.h"
#include "firstlight/base/text.h"
#include "firstlight/data/source.h"
#include "testing.h"

namespace firstlight {
namespace {

using testing::error_of;
using testing::error_of_opening;
using testing::fixture;

std::vector<std::string> ids(const SampleSource& source) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < source.size(); ++i) out.push_back(source.id(i));
  return out;
}
using Ids = std::vector<std::string>;

const Image& picture(const Sample& sample) { return std::get<Image>(sample.views.at(0).pixels); }
const Raster& raster(const Sample& sample) { return std::get<Raster>(sample.views.at(0).pixels); }

// --- folder ---

TEST(FolderSource, NaturalOrderIdsAndTruth) {
  const auto source = open_data_source("folder:" + fixture("images") + "?truth=subfolder");
  EXPECT_EQ(ids(*source), (Ids{"smooth/b1", "spiral/a2", "spiral/a10"}));
  EXPECT_EQ(source->truth(0), "smooth");
  EXPECT_EQ(source->truth(2), "spiral");
  const Sample sample = source->load(2).value();
  EXPECT_EQ(sample.truth, "spiral");
  EXPECT_EQ(sample.views.at(0).name, "image");
  EXPECT_EQ(picture(sample).width, 5);
  EXPECT_EQ(picture(sample).height, 6);
  EXPECT_EQ(*picture(sample).at(3, 3), 100);
  EXPECT_EQ(open_data_source("folder:" + fixture("images"))->truth(0), std::nullopt);
}

TEST(FolderSource, ClashingIdsKeepTheirEndings) {
  const TemporaryFolder folder;
  for (const char* name : {"a.png", "a.jpg", "b.PNG", ".hidden.png", "notes.txt"}) {
    folder.write(name, "");
  }
  EXPECT_EQ(ids(*open_data_source("folder:" + folder.path())), (Ids{"a.jpg", "a.png", "b"}));
}

TEST(FolderSource, ALinkThatLeadsNowhereFailsItsSample) {
  const TemporaryFolder folder;
  folder.copy(fixture("images/smooth/b1.png"), "a.png");
  std::filesystem::create_symlink("nowhere.png", folder.path("b.png"));
  std::filesystem::create_symlink("c.png", folder.path("c.png"));
  std::filesystem::create_symlink(folder.path(), folder.path("again"));
  const auto source = open_data_source("folder:" + folder.path());
  EXPECT_EQ(ids(*source), (Ids{"a", "b", "c"}));
  EXPECT_TRUE(source->load(0).ok());
  EXPECT_FALSE(source->load(1).ok());
  EXPECT_FALSE(source->load(2).ok());
  EXPECT_EQ(source->describe(1).origin, folder.path("b.png"));
}

TEST(FolderSource, AFolderThatCannotBeReadIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const TemporaryFolder folder;
  folder.copy(fixture("images/smooth/b1.png"), "a.png");
  folder.copy(fixture("images/smooth/b1.png"), "closed/b.png");
  std::filesystem::permissions(folder.path("closed"), std::filesystem::perms::none);
  EXPECT_HAS(error_of_opening("folder:" + folder.path()), "closed: cannot be listed");
  std::filesystem::permissions(folder.path("closed"), std::filesystem::perms::owner_all);
}

TEST(FolderSource, ErrorsSayWhatToDo) {
  const TemporaryFolder folder;
  EXPECT_HAS(error_of_opening("folder:" + folder.path("absent")), "does not exist");
  EXPECT_HAS(error_of_opening("folder:" + folder.path()), "holds no image files; endings read");
  EXPECT_HAS(error_of_opening("folder:" + fixture("fits")), "write fits:");
  EXPECT_HAS(error_of_opening("folder:" + fixture("images/spiral") + "?truth=subfolder"),
             "needs a sub-folder for every class");
  EXPECT_HAS(error_of_opening("folder:" + fixture("images") + "?truth=label"),
             "truth=subfolder takes");
  EXPECT_HAS(error_of_opening("folder:" + fixture("images") + "?trut=subfolder"),
             "did you mean 'truth'?");
}

TEST(FolderSource, OneBadFileIsOneFailure) {
  const TemporaryFolder folder;
  const std::string good = fixture("images/smooth/b1.png");
  const std::string bytes = text::read_file(good);
  folder.copy(good, "a_good.png");
  folder.write("b_empty.png", "");
  folder.write("c_truncated.png", bytes.substr(0, bytes.size() / 2));
  folder.write("d_text.png", "not an image");
  folder.copy(good, "e_good.png");
  const auto source = open_data_source(folder.path());
  ASSERT_EQ(source->size(), 5u);
  std::vector<bool> ok;
  for (std::size_t i = 0; i < source->size(); ++i) {
    const auto sample = source->load(i);
    ok.push_back(sample.ok());
    if (!sample.ok()) {
      EXPECT_HAS(std::string(sample.error().what()), source->id(i) + ".png");
    }
  }
  EXPECT_EQ(ok, (std::vector<bool>{true, false, false, false, true}));
}

TEST(FilesSource, KeepsTheOrderGiven) {
  const auto source =
      source_of_files({fixture("images/spiral/a10.png"), fixture("images/smooth/b1.png")});
  EXPECT_EQ(ids(*source), (Ids{"spiral/a10", "smooth/b1"}));
  EXPECT_TRUE(source->load(1).ok());
  EXPECT_EQ(ids(*source_of_files({fixture("images/smooth/b1.png")})), (Ids{"b1"}));
  EXPECT_EQ(ids(*open_data_source(fixture("images/smooth/b1.png"))), (Ids{"b1"}));
}

TEST(FilesSource, RefusesOtherThingsByName) {
  EXPECT_HAS(error_of([] { source_of_files({}); }), "no image files");
  EXPECT_HAS(error_of([] { source_of_files({"/absent.png"}); }), "/absent.png: does not exist");
  EXPECT_HAS(error_of([] { source_of_files({fixture("images")}); }), "is not a file");
  EXPECT_HAS(error_of([] { source_of_files({fixture("npy/grey.npy")}); }), "not an image file");
  const std::string file = fixture("images/smooth/b1.png");
  EXPECT_HAS(error_of([&] { source_of_files({file, file}); }), "is given twice");
}

// --- csv ---

std::string catalogue(const TemporaryFolder& folder, const std::string& text) {
  folder.copy(fixture("images/smooth/b1.png"), "images/one.png");
  folder.copy(fixture("images/spiral/a2.png"), "images/two.png");
  return folder.write("list.csv", text);
}

TEST(CsvSource, ColumnsAreRecognised) {
  const TemporaryFolder folder;
  const std::string path = catalogue(folder,
                                     "object_id,file,label,mag,truth.flux,survey\n"
                                     "587,images/one.png,smooth,17.25,3,SDSS\n"
                                     "588,images/two.png,,18,4,SDSS\n");
  const auto source = open_data_source(path);
  EXPECT_EQ(ids(*source), (Ids{"587", "588"}));
  EXPECT_EQ(source->truth(0), "smooth");
  EXPECT_EQ(source->truth(1), std::nullopt);
  const Sample sample = source->load(1).value();
  EXPECT_EQ(*picture(sample).at(0, 0), 20);
  ASSERT_EQ(sample.metadata.size(), 3u);
  EXPECT_EQ(sample.metadata[0].name, "mag");
  EXPECT_EQ(sample.metadata[0].value, MetadataValue(18.0));
  EXPECT_EQ(sample.metadata[0].provenance, Provenance::kMeasured);
  EXPECT_EQ(sample.metadata[1].value, MetadataValue(std::int64_t{4}));
  EXPECT_EQ(sample.metadata[1].provenance, Provenance::kTruth);
  EXPECT_EQ(sample.metadata[2].value, MetadataValue(std::string("SDSS")));
  ASSERT_EQ(source->columns().size(), 3u);
  EXPECT_EQ(source->columns()[1].provenance, Provenance::kTruth);
}

TEST(CsvSource, IntegersAreNeverRounded) {
  const TemporaryFolder folder;
  const std::string path =
      catalogue(folder,
                "id,file,specobj,mixed,beyond\n"
                "1,images/one.png,9223372036854775807,1.5,18446744073709551615\n"
                "2,images/two.png,9007199254740993,9007199254740993,1\n");
  const Sample sample = open_data_source(path)->load(1).value();
  EXPECT_EQ(sample.metadata[0].value, MetadataValue(std::int64_t{9007199254740993}));
  EXPECT_EQ(sample.metadata[1].value, MetadataValue(std::string("9007199254740993")));
  EXPECT_EQ(sample.metadata[2].value, MetadataValue(std::string("1")));
}

TEST(CsvSource, RowsAreKnownWithoutTheirPictures) {
  const TemporaryFolder folder;
  const auto source = open_data_source(
      catalogue(folder, "id,file,label,mag\n7,images/absent.png,smooth,17.5\n8,,spiral,18\n"));
  const Sample known = source->describe(0);
  EXPECT_EQ(known.id, "7");
  EXPECT_EQ(known.truth, "smooth");
  EXPECT_HAS(known.origin, "images/absent.png");
  ASSERT_EQ(known.metadata.size(), 1u);
  EXPECT_EQ(known.metadata[0].value, MetadataValue(17.5));
  EXPECT_TRUE(known.views.empty());
  EXPECT_EQ(source->describe(1).origin, "");
}

TEST(CsvSource, OptionsNameColumns) {
  const TemporaryFolder folder;
  const std::string path = catalogue(folder,
                                     "label,where is it,my id,e_nu\n"
                                     "x,images/one.png,a,1.5\n"
                                     "y,images/two.png,b,2.5\n");
  const auto source = open_data_source("csv:" + path +
                                       "?path=where%20is%20it&id=my%20id&truth=&"
                                       "truth_columns=e_nu,label");
  EXPECT_EQ(ids(*source), (Ids{"a", "b"}));
  EXPECT_EQ(source->truth(0), std::nullopt);
  for (const ColumnInfo& column : source->columns()) {
    EXPECT_EQ(column.provenance, Provenance::kTruth) << column.name;
  }
  EXPECT_HAS(error_of_opening("csv:" + path),
             "no column is recognised as the image's path; name it with ?path=COL; the columns "
             "are label, where is it, my id, e_nu");
  EXPECT_HAS(error_of_opening("csv:" + path + "?path=wher"), "there is no column 'wher' (path=)");
  EXPECT_HAS(error_of_opening("csv:" + path + "?path=label&truth_columns=energy"),
             "there is no column 'energy' (truth_columns=)");
}

TEST(CsvSource, FileNamesAreIdsWithoutAnIdColumn) {
  const TemporaryFolder folder;
  const std::string path = catalogue(folder, "file\nimages/two.png\nimages/one.png\n");
  EXPECT_EQ(ids(*open_data_source(path)), (Ids{"images/two", "images/one"}));
}

TEST(CsvSource, ErrorsNameFileAndLine) {
  const TemporaryFolder folder;
  EXPECT_HAS(error_of_opening("csv:" + folder.path("absent.csv")), "absent.csv: cannot be opened");
  EXPECT_HAS(error_of_opening(catalogue(folder, "id,file\n1,a.png\n2,b.png\n1,c.png\n")),
             "list.csv:4: the id '1' is also in line 2 (column 'id')");
  EXPECT_HAS(error_of_opening(catalogue(folder, "id,file\n1,a.png\n2\n")),
             "list.csv:3: the row has 1 fields, the header 2");
  EXPECT_HAS(error_of_opening(catalogue(folder, "id,file\n,a.png\n")),
             "list.csv:2: the id is empty");
  EXPECT_HAS(error_of_opening(catalogue(folder, "id,file\n")), "the table has no rows");
}

TEST(CsvSource, RowsWithoutImageFailAlone) {
  const TemporaryFolder folder;
  const auto source = open_data_source(
      catalogue(folder, "id,file\n1,images/one.png\n2,images/absent.png\n3,\n4,images\n"));
  ASSERT_EQ(source->size(), 4u);
  EXPECT_TRUE(source->load(0).ok());
  const auto absent = source->load(1);
  ASSERT_FALSE(absent.ok());
  EXPECT_HAS(std::string(absent.error().what()), "images/absent.png");
  EXPECT_HAS(std::string(absent.error().what()), "list.csv:3");
  const auto unnamed = source->load(2);
  ASSERT_FALSE(unnamed.ok());
  EXPECT_HAS(std::string(unnamed.error().what()), "list.csv:4: the column 'file' is empty");
  EXPECT_FALSE(source->load(3).ok());
}

// --- npy ---

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

// --- hdf5 ---

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

// --- fits ---

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

// --- recognition ---

TEST(OpenDataSource, BarePathsByWhatTheyAre) {
  EXPECT_EQ(open_data_source(fixture("images"))->size(), 3u);
  EXPECT_EQ(open_data_source(fixture("fits/suffix"))->size(), 8u);
  const TemporaryFolder folder;
  folder.copy(fixture("images/smooth/b1.png"), "with%20space.png");
  folder.copy(fixture("images/smooth/b1.png"), "images/other.png");
  folder.write("labels.csv", "file,label\nimages/other.png,x\n");
  EXPECT_EQ(open_data_source(folder.path())->truth(0), "x");
  EXPECT_EQ(open_data_source("folder:" + folder.path())->size(), 2u);
}

TEST(OpenDataSource, PercentEncodedSpecs) {
  const TemporaryFolder folder;
  folder.copy(fixture("images/smooth/b1.png"), "a b?c/one.png");
  EXPECT_EQ(open_data_source("folder:" + folder.path() + "/a%20b%3Fc")->size(), 1u);
}

TEST(OpenDataSource, ErrorsSayWhatIsThere) {
  EXPECT_HAS(error_of_opening("/absent"), "/absent: does not exist; DATA is folder:DIR");
  EXPECT_HAS(error_of_opening("pixelmap:/absent"), "/absent: does not exist");
  EXPECT_HAS(error_of_opening("cvn:" + fixture("images")), "holds no event files");
  EXPECT_HAS(error_of_opening("csv:"), "names no file or folder");
  EXPECT_HAS(error_of_opening(std::string(FIRSTLIGHT_TEST_DIR) + "/CMakeLists.txt"),
             "of no kind that is recognised");
  const TemporaryFolder empty;
  EXPECT_HAS(error_of_opening(empty.path()), "holds neither labels.csv nor image");
}

}  // namespace
}  // namespace firstlight
