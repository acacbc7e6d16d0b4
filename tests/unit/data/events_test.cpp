#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "firstlight/base/text.h"
#include "firstlight/data/source.h"
#include "testing.h"

/// Readers of several views: pixel maps, DUNE's events, channels and data sets as views.
namespace firstlight {
namespace {

using testing::error_of_opening;
using testing::fixture;
using testing::shared_data;

const Image& view(const Sample& sample, const std::string& name) {
  for (const View& v : sample.views) {
    if (v.name == name) return std::get<Image>(v.pixels);
  }
  throw std::runtime_error("no view " + name);
}

std::vector<std::string> view_names(const Sample& sample) {
  std::vector<std::string> names;
  for (const View& v : sample.views) names.push_back(v.name);
  return names;
}
using Names = std::vector<std::string>;

TEST(PixelMapSource, ReadsTheAuthorsFolders) {
  const auto source = open_data_source("pixelmap:" + fixture("events/pixelmaps"));
  ASSERT_EQ(source->size(), 2u);
  EXPECT_EQ(source->id(0), "a/17");
  EXPECT_EQ(source->id(1), "b/17");
  EXPECT_EQ(source->truth(0), "nuecc");
  const Sample sample = source->load(1).value();
  EXPECT_EQ(view_names(sample), (Names{"xz", "yz"}));
  EXPECT_EQ(view(sample, "yz").pixels[0], 20);
  EXPECT_EQ(sample.truth, "nc");
  // A bare path is recognised.
  EXPECT_EQ(open_data_source(fixture("events/pixelmaps"))->id(0), "a/17");
}

TEST(PixelMapSource, TruthMayBeMissingAndViewsMayNot) {
  const TemporaryFolder folder;
  const std::string map = fixture("events/pixelmaps/a/17/17_xz.png");
  folder.copy(map, "1_xz.png");
  folder.copy(map, "1_yz.png");
  folder.copy(map, "2_xz.png");
  const auto source = open_data_source("pixelmap:" + folder.path());
  EXPECT_EQ(source->id(0), "1");
  EXPECT_EQ(source->truth(0), std::nullopt);
  EXPECT_TRUE(source->load(0).ok());
  const auto incomplete = source->load(1);
  ASSERT_FALSE(incomplete.ok());
  EXPECT_HAS(std::string(incomplete.error().what()), "has no picture of the view 'yz'");
}

TEST(PixelMapSource, ErrorsSayWhatToDo) {
  const TemporaryFolder folder;
  EXPECT_HAS(error_of_opening("pixelmap:" + folder.path()), "named ID_VIEW.png");
  EXPECT_HAS(error_of_opening("pixelmap:" + folder.path() + "?truth=x"), "truth");
}

TEST(CvnSource, WiresRunToTheRightAndTimeDownwards) {
  const auto source = open_data_source("cvn:" + fixture("events/cvn") +
                                       "?truth=" + fixture("events/cvn-truth.csv"));
  ASSERT_EQ(source->size(), 2u);
  EXPECT_EQ(source->id(0), "event2");
  EXPECT_EQ(source->truth(0), "nc");
  EXPECT_EQ(source->truth(1), "nue_cc");
  const Sample sample = source->load(1).value();
  EXPECT_EQ(view_names(sample), (Names{"u", "v", "z"}));
  // File order [view][wire][time], counted from 10.
  EXPECT_EQ(*view(sample, "u").at(1, 2), 10 + 1 * 4 + 2);
  EXPECT_EQ(*view(sample, "z").at(3, 0), 10 + 2 * 16 + 3 * 4);
  ASSERT_EQ(sample.metadata.size(), 1u);
  EXPECT_EQ(sample.metadata[0].name, "e_nu_gev");
  EXPECT_EQ(sample.metadata[0].provenance, Provenance::kTruth);
  EXPECT_EQ(open_data_source("cvn:" + fixture("events/cvn"))->truth(0), std::nullopt);
  EXPECT_EQ(open_data_source(fixture("events/cvn"))->size(), 2u);
}

TEST(CvnSource, DamagedEventsFailAlone) {
  const TemporaryFolder folder;
  const std::string good = text::read_file(fixture("events/cvn/event2.gz"));
  folder.write("event1.gz", good);
  folder.write("event2.gz", good.substr(0, good.size() / 2));
  folder.write("event3.gz", "");
  folder.write("event4.gz", "no zlib stream");
  const auto source = open_data_source("cvn:" + folder.path());
  ASSERT_EQ(source->size(), 4u);
  EXPECT_TRUE(source->load(0).ok());
  for (std::size_t i = 1; i < 4; ++i) EXPECT_FALSE(source->load(i).ok()) << source->id(i);
}

TEST(CvnSource, EqualsTheReleasedPictures) {
  if (!std::filesystem::exists(shared_data("lartpc-dune-cvn/labels.csv"))) {
    GTEST_SKIP() << "needs ../shared/data/lartpc-dune-cvn";
  }
  const auto raw = open_data_source("cvn:" + shared_data("lartpc-dune-cvn/raw") +
                                    "?truth=" + shared_data("lartpc-dune-cvn/labels.csv"));
  const auto png =
      open_data_source("csv:" + shared_data("lartpc-dune-cvn/labels.csv") + "?channels=u,v,z");
  EXPECT_EQ(raw->size(), 20u);
  EXPECT_EQ(png->size(), 769u);
  int compared = 0;
  for (std::size_t i = 0; i < raw->size(); ++i) {
    const Sample event = raw->load(i).value();
    for (std::size_t j = 0; j < png->size(); ++j) {
      if (png->id(j) != "events/" + event.id) continue;
      const Sample picture = png->load(j).value();
      for (const std::string name : {"u", "v", "z"}) {
        EXPECT_EQ(view(event, name).pixels, view(picture, name).pixels) << event.id << name;
      }
      EXPECT_EQ(event.truth, picture.truth);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 20);
}

TEST(Channels, BecomeViews) {
  const TemporaryFolder folder;
  folder.copy(fixture("events/uvz.png"), "uvz.png");
  const std::string list = folder.write("list.csv", "file\nuvz.png\n");
  const Sample sample = open_data_source("csv:" + list + "?channels=u,v,z")->load(0).value();
  EXPECT_EQ(view_names(sample), (Names{"u", "v", "z"}));
  EXPECT_EQ(view(sample, "v").channels, 1);
  EXPECT_EQ(*view(sample, "v").at(1, 2), 16 + 2 * 4 + 1);
  const auto wrong = open_data_source("csv:" + list + "?channels=u,v")->load(0);
  ASSERT_FALSE(wrong.ok());
  EXPECT_HAS(std::string(wrong.error().what()), "3 channels, and channels= names 2");
  EXPECT_HAS(error_of_opening("csv:" + list + "?channels=u,u"), "names nothing, or a thing twice");
  const auto stack = open_data_source("npy:" + fixture("npy/X_test.npy") + "?channels=a,b,c");
  EXPECT_EQ(view_names(stack->load(2).value()), (Names{"a", "b", "c"}));
}

TEST(CsvSource, ColumnsNameTheViews) {
  const TemporaryFolder folder;
  folder.copy(fixture("events/pixelmaps/a/17/17_xz.png"), "a.png");
  folder.copy(fixture("events/pixelmaps/a/17/17_yz.png"), "b.png");
  const auto source = open_data_source(folder.write("list.csv",
                                                    "run,subrun,event,file.xz,file.yz,energy_mev\n"
                                                    "1,0,7,a.png,b.png,12.5\n"
                                                    "1,0,8,a.png,,1\n"));
  EXPECT_EQ(source->id(0), "1/0/7");
  const Sample sample = source->load(0).value();
  EXPECT_EQ(view_names(sample), (Names{"xz", "yz"}));
  EXPECT_EQ(view(sample, "yz").pixels[0], 20);
  ASSERT_EQ(sample.metadata.size(), 1u);
  EXPECT_EQ(sample.metadata[0].name, "energy_mev");
  EXPECT_FALSE(source->load(1).ok());
}

TEST(Hdf5Source, DataSetsBecomeViews) {
  const std::string file = "hdf5:" + fixture("events/views.h5");
  const auto source = open_data_source(file + "?views=maps/xz,maps/yz");
  ASSERT_EQ(source->size(), 3u);
  EXPECT_EQ(source->id(0), "1/0/7");
  EXPECT_EQ(source->id(2), "2/0/7");
  EXPECT_EQ(source->truth(1), "nue_cc");
  const Sample sample = source->load(1).value();
  EXPECT_EQ(view_names(sample), (Names{"xz", "yz"}));
  EXPECT_EQ(*view(sample, "xz").at(1, 2), 20 + 2 * 5 + 1);
  EXPECT_EQ(std::get<Raster>(sample.views[1].pixels).height, 6);
  EXPECT_TRUE(sample.metadata.empty());
  EXPECT_EQ(view_names(open_data_source(file + "?images=maps/xz")->load(0).value()),
            (Names{"image"}));
  EXPECT_HAS(error_of_opening(file), "several with ?views=A,B");
  EXPECT_HAS(error_of_opening(file + "?views=maps/xz,maps/uz"), "there is no dataset 'maps/uz'");
  EXPECT_HAS(error_of_opening(file + "?views=maps/xz&images=maps/yz"), "exclude each other");
}

}  // namespace
}  // namespace firstlight
