#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/train/vlm_trainer.h"

namespace firstlight::train {
namespace {

namespace fs = std::filesystem;

/// A recipe of a few seconds on simulated galaxies, with the shipped wordings and tokeniser.
std::string tiny_recipe() {
  const std::string folder = ::testing::TempDir() + "tiny-recipe/";
  fs::create_directories(folder);
  const std::string shipped =
      std::string(FIRSTLIGHT_TEST_DIR) + "/../models/recipes/firstlight-small/";
  for (const char* name : {"wordings.yaml", "tokenizer.json", "chat_template.jinja"}) {
    fs::copy_file(shipped + name, folder + name, fs::copy_options::overwrite_existing);
  }
  text::write_file_atomically(folder + "recipe.yaml", R"(
name: tiny
seed: 3
tokenizer: tokenizer.json
chat_template: chat_template.jinja
wordings: wordings.yaml
image_mean: [0.1, 0.1, 0.1]
image_std: [0.2, 0.2, 0.2]
pool_side: 32
shape:
  vision: {image_size: 24, patch_size: 12, hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 64}
  text: {hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 1, intermediate_size: 48, max_position_embeddings: 1024}
rules:
  galaxies:
    - {truth: smooth_round, concepts: [smooth_round, smooth_any]}
    - {truth: smooth_cigar, concepts: [smooth_cigar, smooth_any]}
    - {truth: edge_on_disk, concepts: [edge_on_disk, disk_any]}
    - {truth: unbarred_spiral, concepts: [unbarred_spiral, disk_any]}
streams:
  - {name: sim, data: "sim:galaxies?n=40&seed=1", domain: galaxies, rules: galaxies}
validation:
  - {name: val, data: "sim:galaxies?n=12&seed=2", domain: galaxies, rules: galaxies}
tasks:
  - {task: galaxy-morphology, domain: galaxies, concepts: [smooth_round, smooth_cigar, edge_on_disk, unbarred_spiral]}
stages:
  - {name: look, kind: vision, steps: 6, batch: 8, warmup: 2, streams: {sim: 1}}
  - {name: read, kind: language, steps: 6, warmup: 2, text_first_groups: 1, image_first_groups: 1, branches: 2, image_branches: 2, streams: {sim: 1}}
)");
  return folder + "recipe.yaml";
}

TrainOptions options_for(const std::string& name) {
  TrainOptions options;
  options.output = ::testing::TempDir() + name;
  options.cache = ::testing::TempDir() + "tiny-cache";
  options.log_steps = 1;
  options.validate_steps = 6;
  return options;
}

TEST(Trainer, AStoppedRunGoesOnToTheSameLossesAndModel) {
  const Recipe recipe = Recipe::load(tiny_recipe());
  for (const char* name : {"whole", "parts"}) fs::remove_all(::testing::TempDir() + name);
  const TrainOptions whole = options_for("whole");
  const TrainOutcome outcome = train_vlm(recipe, whole);
  ASSERT_TRUE(outcome.finished);

  TrainOptions parts = options_for("parts");
  std::atomic<bool> stop = true;  // every call stops after one step
  parts.stop = &stop;
  int calls = 0;
  TrainOutcome last;
  while (!last.finished && calls < 20) {
    last = train_vlm(recipe, parts);
    ++calls;
  }
  ASSERT_TRUE(last.finished);
  EXPECT_GE(calls, 12);
  EXPECT_EQ(text::read_file(whole.output + "/log.csv"), text::read_file(parts.output + "/log.csv"));
  EXPECT_EQ(text::read_file(outcome.model + "/model.safetensors"),
            text::read_file(last.model + "/model.safetensors"));
  for (const char* name : {"config.json", "tokenizer.json", "tokenizer_config.json",
                           "chat_template.jinja", "preprocessor_config.json"}) {
    EXPECT_TRUE(fs::exists(outcome.model + "/" + name)) << name;
  }
}

TEST(Trainer, StartsFromAModelFolder) {
  const Recipe recipe = Recipe::load(tiny_recipe());
  for (const char* name : {"first", "second"}) fs::remove_all(::testing::TempDir() + name);
  const std::string model = train_vlm(recipe, options_for("first")).model;
  // A rate of 0 changes nothing: what was read is written again.
  Recipe still = recipe;
  still.stages = {recipe.stages.back()};
  still.stages[0].rate = 0;
  still.stages[0].steps = 1;
  TrainOptions options = options_for("second");
  options.start = model;
  const std::string copy = train_vlm(still, options).model;
  EXPECT_EQ(text::read_file(model + "/model.safetensors"),
            text::read_file(copy + "/model.safetensors"));
}

TEST(Trainer, AnotherRecipeInTheSameFolderIsAConflict) {
  Recipe recipe = Recipe::load(tiny_recipe());
  fs::remove_all(::testing::TempDir() + "conflict");
  TrainOptions options = options_for("conflict");
  std::atomic<bool> stop = true;
  options.stop = &stop;
  train_vlm(recipe, options);
  recipe.text += "\n# changed";
  try {
    train_vlm(recipe, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kConflict);
  }
}

}  // namespace
}  // namespace firstlight::train
