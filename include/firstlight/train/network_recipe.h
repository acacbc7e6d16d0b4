#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "firstlight/data/source.h"
#include "firstlight/train/map_changes.h"

namespace firstlight::train {

/// Samples to learn from or to validate on.
struct NetworkStream {
  std::string name;
  std::string data;  ///< DATA spec; a relative path counts from the working folder
  Selection selection;
};

struct NetworkStage {
  std::string name;
  std::int64_t epochs = 1;         ///< at most
  std::int64_t epoch_samples = 0;  ///< samples in an epoch; 0 = as many as the streams hold
  /// Stop after so many epochs without a smaller loss on the validation streams; 0 = never. The
  /// best epoch's network is kept.
  std::int64_t patience = 0;
  std::int64_t batch = 64;
  double rate = 1e-3;         ///< (peak) learning rate
  bool constant = false;      ///< constant rate after the warm-up, else half a cosine down to 5 %
  std::int64_t warmup = 100;  ///< steps
  double weight_decay = 0.02;
  double beta2 = 0.99;
  double smoothing = 0;   ///< label smoothing (Szegedy et al. 2016, arXiv:1512.00567)
  bool balanced = false;  ///< weight classes by the inverse of their frequency
  std::map<std::string, double> streams;  ///< name -> share of the samples
  MapChanges changes;
};

/// A recipe of `firstlight train cnn` or `train vit` (docs/training.md).
struct NetworkRecipe {
  std::string name;
  std::string folder;  ///< where the recipe lies; its files are named relative to it
  std::uint64_t seed = 1;
  std::string task;
  std::string architecture;  ///< file with the configuration of the network
  std::vector<NetworkStream> streams;
  std::vector<NetworkStream> validation;
  std::vector<NetworkStage> stages;
  std::string text;  ///< the YAML as read

  /// Throws Error::usage with file and line.
  static NetworkRecipe load(const std::string& path);
};

}  // namespace firstlight::train
