#include "firstlight/registry/source.h"

#include <gtest/gtest.h>

#include <string>

#include "firstlight/base/error.h"

namespace firstlight {
namespace {

TEST(OpenSource, SimulatorsByNameNumberAndSeed) {
  const auto source = open_source("sim:galaxies?n=3&seed=7");
  EXPECT_EQ(source->size(), 3u);
  EXPECT_TRUE(source->truth(0).has_value());
  EXPECT_NE(source->id(0), open_source("sim:galaxies?n=3&seed=8")->id(0));
  EXPECT_EQ(open_source("sim:lsbg")->size(), 100u);
  EXPECT_EQ(open_source("sim:lsbg")->id(0), open_source("sim:lsbg?seed=1")->id(0));
}

TEST(OpenSource, WrongSimulatorsAreUsageErrors) {
  for (const char* spec : {"sim:stars", "sim:", "sim:galaxies?n=0", "sim:galaxies?n=x",
                           "sim:galaxies?seed=-1", "sim:galaxies?m=3"}) {
    try {
      open_source(spec);
      ADD_FAILURE() << spec;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage) << spec;
    }
  }
}

TEST(OpenSource, FilesComeFromTheDataModule) {
  const std::string images = std::string(FIRSTLIGHT_TEST_DIR) + "/unit/data/fixtures/images";
  EXPECT_EQ(open_source("folder:" + images)->size(), 3u);
}

}  // namespace
}  // namespace firstlight
