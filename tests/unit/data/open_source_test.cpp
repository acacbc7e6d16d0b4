#include <gtest/gtest.h>

#include <string>

#include "firstlight/data/source.h"
#include "testing.h"

namespace firstlight {
namespace {

using testing::error_of_opening;
using testing::fixture;

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
