#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/train/vlm_trainer.h"
#include "temporary_folder.h"

namespace firstlight::train {
namespace {

namespace fs = std::filesystem;

/// A recipe of a few seconds on simulated galaxies and neutrino events, with reasons, and with the
/// shipped wordings and tokeniser.
std::string tiny_recipe(const TemporaryFolder& folder) {
  const std::string shipped =
      std::string(FIRSTLIGHT_TEST_DIR) + "/../models/recipes/firstlight-small/";
  for (const char* name : {"wordings.yaml", "tokenizer.json", "chat_template.jinja"}) {
    folder.copy(shipped + name, name);
  }
  return folder.write("recipe.yaml", R"(
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
  text: {hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, intermediate_size: 48, max_position_embeddings: 1024}
rules:
  galaxies:
    - {truth: smooth_round, concepts: [smooth_round, smooth_any]}
    - {truth: smooth_cigar, concepts: [smooth_cigar, smooth_any]}
    - {truth: edge_on_disk, concepts: [edge_on_disk, disk_any]}
    - {truth: unbarred_spiral, concepts: [unbarred_spiral, disk_any]}
  events:
    - {truth: nue_cc, concepts: [nue_cc]}
    - {truth: numu_cc, concepts: [numu_cc]}
    - {truth: nc, concepts: [nc]}
streams:
  - name: events
    data: "sim:lartpc?n=12&seed=1"
    domain: neutrinos
    task: neutrino-flavour
    rules: events
    changes: {flip_vertical: each, shift: 4, half: 0.5}
  - {name: sim, data: "sim:galaxies?n=40&seed=1", domain: galaxies, rules: galaxies}
validation:
  - {name: val-events, data: "sim:lartpc?n=4&seed=2&readout=wires", domain: neutrinos, task: neutrino-flavour, rules: events}
  - {name: val, data: "sim:galaxies?n=12&seed=2", domain: galaxies, rules: galaxies}
tasks:
  - {task: galaxy-morphology, domain: galaxies, concepts: [smooth_round, smooth_cigar, edge_on_disk, unbarred_spiral]}
  - {task: neutrino-flavour-measured, domain: neutrinos, concepts: [nue_cc, numu_cc, nc]}
stages:
  - {name: look, kind: vision, steps: 6, batch: 8, warmup: 2, streams: {sim: 1, events: 1}}
  - {name: read, kind: language, steps: 6, warmup: 2, text_first_groups: 1, image_first_groups: 1, branches: 2, image_branches: 2, task_share: 0.7, reason_share: 0.5, fewer_classes: 0.3, other_answers: 0.3, average: 0.7, streams: {sim: 1, events: 1}}
  - {name: lines, kind: language, steps: 4, warmup: 1, text_first_groups: 1, image_first_groups: 2, branches: 2, image_branches: 1, task_share: 0.5, brief: 0.3, lines: 0.4, lines_alone: 0.5, exchanged_names: 0.5, vision_rate: 0, streams: {sim: 1, events: 1}}
)");
}

class Trainer : public ::testing::Test {
 protected:
  TrainOptions options_for(const std::string& name) const {
    TrainOptions options;
    options.output = folder_.path(name);
    options.cache = folder_.path("cache");
    options.log_steps = 1;
    options.validate_steps = 6;
    return options;
  }

  const TemporaryFolder folder_;
  const Recipe recipe_ = Recipe::load(tiny_recipe(folder_));
};

TEST_F(Trainer, AStoppedRunGoesOnToTheSameLossesAndModel) {
  const TrainOptions whole = options_for("whole");
  const TrainOutcome outcome = train_vlm(recipe_, whole);
  ASSERT_TRUE(outcome.finished);

  TrainOptions parts = options_for("parts");
  std::atomic<bool> stop = true;  // every call stops after one step
  parts.stop = &stop;
  int calls = 0;
  TrainOutcome last;
  while (!last.finished && calls < 20) {
    last = train_vlm(recipe_, parts);
    ++calls;
  }
  ASSERT_TRUE(last.finished);
  EXPECT_GE(calls, 16);
  EXPECT_EQ(text::read_file(whole.output + "/log.csv"), text::read_file(parts.output + "/log.csv"));
  EXPECT_EQ(text::read_file(outcome.model + "/model.safetensors"),
            text::read_file(last.model + "/model.safetensors"));
  for (const char* name : {"config.json", "tokenizer.json", "tokenizer_config.json",
                           "chat_template.jinja", "preprocessor_config.json"}) {
    EXPECT_TRUE(fs::exists(outcome.model + "/" + name)) << name;
  }
}

TEST_F(Trainer, StartsFromAModelFolder) {
  const std::string model = train_vlm(recipe_, options_for("first")).model;
  // A rate of 0 changes nothing: what was read is written again.
  Recipe still = recipe_;
  still.stages = {recipe_.stages.back()};
  still.stages[0].rate = 0;
  still.stages[0].steps = 1;
  TrainOptions options = options_for("second");
  options.start = model;
  const std::string copy = train_vlm(still, options).model;
  EXPECT_EQ(text::read_file(model + "/model.safetensors"),
            text::read_file(copy + "/model.safetensors"));
}

TEST_F(Trainer, AnotherRecipeInTheSameFolderIsAConflict) {
  Recipe recipe = recipe_;
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
