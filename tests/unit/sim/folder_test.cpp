#include "firstlight/sim/folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "firstlight/base/error.h"
#include "firstlight/data/source.h"
#include "firstlight/sim/source.h"

namespace firstlight::sim {
namespace {

class ImageFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("firstlight-folder-" +
               std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(ImageFolder, ReadsBackAsTheSameSamplesWithTruthKeptFromPrompts) {
  SimulatorOptions options;
  options.size = 32;
  for (const std::string& name : simulator_names()) {
    const auto source = make_simulator_source(name, 70, 9, options);
    const std::string folder = (folder_ / name).string();
    std::size_t done = 0;
    write_image_folder(*source, folder, [&](const ProgressStep& step) {
      EXPECT_GT(step.done, done);
      EXPECT_EQ(step.total, 70u);
      done = step.done;
    });
    EXPECT_EQ(done, 70u);

    const auto read = open_data_source("csv:" + folder + "/labels.csv");
    ASSERT_EQ(read->size(), source->size());
    for (const std::size_t k : {0u, 33u, 69u}) {
      const Sample expected = source->load(k).value();
      const Sample sample = read->load(k).value();
      EXPECT_EQ(sample.id, expected.id);
      EXPECT_EQ(sample.truth, expected.truth);
      EXPECT_EQ(std::get<Image>(sample.views.at(0).pixels).pixels,
                std::get<Image>(expected.views.at(0).pixels).pixels);
      ASSERT_EQ(sample.metadata.size(), expected.metadata.size());
      for (std::size_t i = 0; i < sample.metadata.size(); ++i) {
        EXPECT_EQ(sample.metadata[i].provenance, Provenance::kTruth) << sample.metadata[i].name;
        EXPECT_EQ(to_text(sample.metadata[i].value), to_text(expected.metadata[i].value));
      }
    }
  }
}

TEST_F(ImageFolder, AFolderThatHoldsAnythingIsRefused) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ / "note.txt") << "mine";
  const auto source = make_simulator_source("lsbg", 1, 1);
  EXPECT_THROW(write_image_folder(*source, folder_.string()), Error);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "labels.csv"));
  EXPECT_THROW(write_image_folder(*source, (folder_ / "note.txt").string()), Error);
}

}  // namespace
}  // namespace firstlight::sim
