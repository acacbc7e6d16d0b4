#pragma once

#include <torch/types.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "firstlight/base/random.h"
#include "firstlight/nn/sites.h"
#include "firstlight/task/task.h"
#include "firstlight/train/map_pool.h"
#include "firstlight/train/network_recipe.h"

namespace firstlight::train {

/// Samples for one step: the views of each, changed at random, and its class.
struct NetworkBatch {
  std::vector<std::vector<nn::ChargeMap>> samples;
  torch::Tensor truth;  ///< i64 [samples]
};

/// The streams of a recipe in memory. One thread at a time.
class NetworkData {
 public:
  /// `views`: how many a sample must have; 0 = any number.
  NetworkData(const NetworkRecipe& recipe, const Task& task, const nn::SiteInput& input, int views)
      : recipe_(recipe), task_(task), input_(input), views_(views) {}

  /// Reads the streams of these stages and those for validation. False where `stop` ended it.
  /// Throws Error::usage for a stream without samples, or with another number of views.
  bool load(const std::vector<const NetworkStage*>& stages, const std::string& cache,
            const std::atomic<bool>* stop);

  const std::vector<MapPool>& validation() const { return validation_; }
  /// Samples in an epoch of the stage.
  std::int64_t epoch_samples(const NetworkStage& stage) const;
  /// f32 [classes]: ones, or one over the frequency of each class in the stage's streams, so that
  /// their mean over samples is 1.
  torch::Tensor class_weights(const NetworkStage& stage) const;
  /// A function of the stage and the random numbers alone.
  NetworkBatch draw(const NetworkStage& stage, Random& random) const;

 private:
  bool read(const std::vector<NetworkStream>& streams, const std::string& cache,
            const std::atomic<bool>* stop, std::vector<MapPool>& pools) const;
  void check(const MapPool& pool) const;

  const NetworkRecipe& recipe_;
  const Task& task_;
  nn::SiteInput input_;
  int views_;
  std::vector<MapPool> pools_;
  std::vector<MapPool> validation_;
};

}  // namespace firstlight::train
