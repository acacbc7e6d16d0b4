#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "firstlight/train/network_recipe.h"

namespace firstlight::train {

struct NetworkTrainOptions {
  std::string output;               ///< folder of checkpoints, logs and the finished model
  std::string cache;                ///< folder for the maps that were read; empty = none
  std::string start;                ///< model folder to start from; empty = none
  std::vector<std::string> stages;  ///< only these, in the recipe's order; empty = all
  int checkpoint_seconds = 180;
  int log_steps = 50;
  const std::atomic<bool>* stop = nullptr;  ///< set: write a checkpoint and return
};

struct NetworkTrainOutcome {
  bool finished = false;  ///< false: stopped on request; the same call continues
  std::string model;      ///< folder of the model
};

/// Trains a network of the recipe's architecture. Calling it again with the same output continues
/// from the last checkpoint and gives the same losses as a run that was never stopped; another
/// recipe or architecture is Error::conflict. Writes in `output`: checkpoint.pt, log.csv (a row an
/// epoch), TensorBoard event files, and after every stage the model folder `NAME/`. `model_type` is
/// what the architecture must be: "siamese_cnn" or "vit".
NetworkTrainOutcome train_network(const NetworkRecipe& recipe, const std::string& model_type,
                                  const NetworkTrainOptions& options);

}  // namespace firstlight::train
