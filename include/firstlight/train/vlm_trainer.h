#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "firstlight/train/recipe.h"

namespace firstlight::train {

struct TrainOptions {
  std::string output;               ///< folder of checkpoints, logs and the finished model
  std::string cache;                ///< folder for decoded images; empty = none
  std::string start;                ///< parameters of an earlier stage to start from; empty = none
  std::vector<std::string> stages;  ///< only these, in the recipe's order; empty = all
  int checkpoint_seconds = 180;
  int log_steps = 20;
  int validate_steps = 250;
  const std::atomic<bool>* stop = nullptr;  ///< set: write a checkpoint and return
};

/// What a finished call did.
struct TrainOutcome {
  bool finished = false;  ///< false: stopped on request; the same call continues
  std::string model;      ///< folder of the model, where the last stage is done
};

/// Trains a LLaVA-type model by a recipe. Calling it again with the same output continues from the
/// last checkpoint and gives the same losses as a run that was never stopped; another recipe or
/// other wordings are Error::conflict. Writes in `output`: checkpoint.pt, stage-NAME.pt,
/// log.csv, TensorBoard event files, and, after every language stage, the model folder `NAME/`.
TrainOutcome train_vlm(const Recipe& recipe, const TrainOptions& options);

}  // namespace firstlight::train
