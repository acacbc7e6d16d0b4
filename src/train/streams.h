#pragma once

#include <string>
#include <vector>

#include "firstlight/train/pool.h"
#include "firstlight/train/recipe.h"
#include "firstlight/train/vlm_trainer.h"

namespace firstlight::train {

/// Names of the streams that the stages to train take from. Throws Error::usage for a stage that
/// the recipe has not.
std::vector<std::string> streams_of(const Recipe& recipe, const TrainOptions& options);

/// Reads those of `specs` that are `wanted` (all where it is empty), with lines in the log. Throws
/// Error::usage for one of which no sample shows a concept.
std::vector<ImagePool> load_pools(const std::vector<StreamSpec>& specs, const Recipe& recipe,
                                  const TrainOptions& options,
                                  const std::vector<std::string>& wanted);

}  // namespace firstlight::train
