#include "firstlight/train/network_recipe.h"

#include <gtest/gtest.h>

#include <fstream>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/nn/cnn_config.h"
#include "firstlight/nn/network.h"
#include "firstlight/task/task.h"
#include "network_factory.h"
#include "temporary_folder.h"

namespace firstlight::train {
namespace {

const std::string kRecipes = std::string(FIRSTLIGHT_TEST_DIR) + "/../models/recipes/";

TEST(NetworkRecipe, TheShippedOnesLoadWithTheirArchitectures) {
  for (const std::string name :
       {"firstlight-cnn", "siamese-cnn-paper", "vit-events", "dune-fine-tuning", "deepshadows"}) {
    SCOPED_TRACE(name);
    const NetworkRecipe recipe = NetworkRecipe::load(kRecipes + name + "/recipe.yaml");
    const Task task = load_task(recipe.task);
    std::vector<std::string> classes;
    for (const ClassDefinition& definition : task.classes) classes.push_back(definition.key);
    const NewNetwork made =
        make_network(recipe.folder + "/" + recipe.architecture,
                     name == "vit-events" ? "vit" : "siamese_cnn", classes, task.name, 1);
    EXPECT_GT(made.network->tensors().parameters().numel(), 100'000);
  }
}

// The paper's network has 3.4 million parameters.
TEST(NetworkRecipe, TheSiameseCnnsHaveThePapersSize) {
  for (const std::string name : {"firstlight-cnn", "siamese-cnn-paper"}) {
    const std::string path = kRecipes + name + "/architecture.json";
    const std::string config =
        nn::finished_network_config(text::read_file(path), {"nue_cc", "numu_cc", "nc"}, "test");
    const double millions =
        static_cast<double>(nn::parameters_of(nn::parse_cnn_config(config, path).tensors())) / 1e6;
    EXPECT_NEAR(millions, 3.4, 0.05 * 3.4) << name;
  }
}

// What is measured on was not trained on: seeds of the benchmarks and examples.
TEST(NetworkRecipe, SeedsOfTestEventsAreNotTrainedOn) {
  for (const std::string name : {"firstlight-cnn", "siamese-cnn-paper", "vit-events"}) {
    const NetworkRecipe recipe = NetworkRecipe::load(kRecipes + name + "/recipe.yaml");
    for (const auto* streams : {&recipe.streams, &recipe.validation}) {
      for (const NetworkStream& stream : *streams) {
        for (const char* seed : {"seed=990", "seed=991", "seed=505"}) {
          EXPECT_EQ(stream.data.find(seed), std::string::npos) << stream.data;
        }
      }
    }
  }
}

std::string error_of(const std::string& yaml) {
  const TemporaryFolder folder;
  const std::string path = folder.write("network-recipe.yaml", yaml);
  try {
    NetworkRecipe::load(path);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "no error";
}

TEST(NetworkRecipe, ErrorsNameFileLineAndKey) {
  const std::string yaml = text::read_file(kRecipes + "firstlight-cnn/recipe.yaml");
  const auto expect = [&](const std::string& from, const std::string& to, const char* words) {
    const std::string found = error_of(text::replace_all(yaml, from, to));
    EXPECT_NE(found.find(words), std::string::npos) << found;
    EXPECT_NE(found.find("network-recipe.yaml:"), std::string::npos) << found;
  };
  expect("warmup:", "warm_up:", "did you mean 'warmup'");
  expect("streams: {pixels: 1}", "streams: {pixel: 1}", "'pixel'");
  expect("streams: {pixels: 1}", "streams: {pixels: 0}", "above 0");
  expect("flip_vertical: each", "flip_vertical: both", "not 'both'");
  expect("quarter: 0.6", "quarter: 0.7", "over 1 together");
}

}  // namespace
}  // namespace firstlight::train
