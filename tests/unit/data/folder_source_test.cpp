#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "firstlight/base/text.h"
#include "firstlight/data/source.h"
#include "testing.h"

namespace firstlight {
namespace {

using testing::error_of;
using testing::error_of_opening;
using testing::fixture;
using testing::Ids;
using testing::ids;
using testing::picture;

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

}  // namespace
}  // namespace firstlight
