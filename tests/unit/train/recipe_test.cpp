#include "firstlight/train/recipe.h"

#include <gtest/gtest.h>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "temporary_folder.h"

namespace firstlight::train {
namespace {

const std::string kFolder =
    std::string(FIRSTLIGHT_TEST_DIR) + "/../models/recipes/firstlight-small/";

std::string error_of(const std::string& yaml) {
  const TemporaryFolder folder;
  const std::string path = folder.write("recipe.yaml", yaml);
  try {
    Recipe::load(path);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "no error";
}

TEST(Recipe, TheShippedOneLoads) {
  const Recipe recipe = Recipe::load(kFolder + "recipe.yaml");
  EXPECT_EQ(recipe.name, "firstlight-small");
  EXPECT_GE(recipe.stages.size(), 2U);
  for (const StreamSpec& stream : recipe.streams) EXPECT_FALSE(stream.rules.empty()) << stream.name;
}

TEST(Recipe, FineTuningHasTheShapeOfTheShippedOne) {
  const Recipe shipped = Recipe::load(kFolder + "recipe.yaml");
  for (const char* file : {"dune-fine-tuning.yaml", "lsbg-fine-tuning.yaml"}) {
    const Recipe tuning = Recipe::load(kFolder + file);
    EXPECT_EQ(tuning.shape.vision.hidden_size, shipped.shape.vision.hidden_size) << file;
    EXPECT_EQ(tuning.shape.vision.patches(), shipped.shape.vision.patches()) << file;
    EXPECT_EQ(tuning.shape.text.hidden_size, shipped.shape.text.hidden_size) << file;
    EXPECT_EQ(tuning.shape.text.num_hidden_layers, shipped.shape.text.num_hidden_layers) << file;
  }
}

// Test objects stay out of training, and validation apart from both.
TEST(Recipe, TheShippedOneTrainsOnTheTrainSplitOnly) {
  const Recipe recipe = Recipe::load(kFolder + "recipe.yaml");
  for (const StreamSpec& stream : recipe.streams) {
    if (stream.data.find("galaxy-") == std::string::npos) continue;
    EXPECT_EQ(stream.selection.split, Split::kTrain) << stream.name;
  }
  for (const StreamSpec& stream : recipe.validation) {
    if (stream.data.find("galaxy-") == std::string::npos) continue;
    EXPECT_EQ(stream.selection.split, Split::kValidation) << stream.name;
  }
}

TEST(Recipe, ErrorsNameFileLineAndKey) {
  std::string yaml = text::read_file(kFolder + "recipe.yaml");
  EXPECT_NE(error_of(text::replace_all(yaml, "pool_side:", "pool_sides:"))
                .find("did you mean 'pool_side'"),
            std::string::npos);
  EXPECT_NE(error_of(text::replace_all(yaml, "kind: vision", "kind: visual")).find("not 'visual'"),
            std::string::npos);
  EXPECT_NE(error_of(text::replace_all(yaml, "sdss: 0.13}", "sloan: 0.13}")).find("'sloan'"),
            std::string::npos);
  // One layer has no middle to ask.
  EXPECT_NE(error_of(text::replace_all(yaml, "num_hidden_layers: 4", "num_hidden_layers: 1"))
                .find("`lines`"),
            std::string::npos);
  EXPECT_NE(error_of("name: [").find("recipe.yaml:"), std::string::npos);
}

}  // namespace
}  // namespace firstlight::train
