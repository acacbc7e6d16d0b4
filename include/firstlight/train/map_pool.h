#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "firstlight/base/log.h"
#include "firstlight/base/random.h"
#include "firstlight/nn/sites.h"
#include "firstlight/task/task.h"
#include "firstlight/train/network_recipe.h"

namespace firstlight::train {

/// A sample as a network sees it.
struct MapSample {
  std::vector<nn::ChargeMap> views;
  int truth = 0;  ///< ClassId
};

/// The samples of one stream in memory, as sites. Immutable after loading; safe from any thread.
class MapPool {
 public:
  /// Reads every sample of the stream whose truth is a class of `task`, its views prepared as a run
  /// prepares them. With a cache folder, what was read is kept there, some thousand samples a file,
  /// and read back the next time, also after an interruption. `stop` set ends the reading of what
  /// is not kept yet, after some thousand samples. Samples that fail are left out and counted.
  static MapPool load(const NetworkStream& stream, const Task& task, const nn::SiteInput& input,
                      const std::string& cache_folder, const ProgressSink& progress,
                      const std::atomic<bool>* stop);

  const std::string& name() const { return name_; }
  bool complete() const { return complete_; }  ///< false where `stop` ended it
  std::size_t size() const { return samples_.size(); }
  std::size_t failed() const { return failed_; }
  /// Samples whose truth is a background of the task.
  std::size_t backgrounds() const { return backgrounds_; }
  const MapSample& operator[](std::size_t index) const { return samples_[index]; }

 private:
  std::string name_;
  bool complete_ = true;
  std::vector<MapSample> samples_;
  std::size_t failed_ = 0;
  std::size_t backgrounds_ = 0;
};

/// A sample with random changes.
std::vector<nn::ChargeMap> changed(const MapSample& sample, const MapChanges& changes, int channels,
                                   Random& random);

/// Squares of `side` x `side` pixels as one, by the greatest charge of each channel.
nn::ChargeMap coarser(const nn::ChargeMap& map, int side, int channels);

}  // namespace firstlight::train
