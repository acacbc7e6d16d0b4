#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "firstlight/base/log.h"
#include "firstlight/data/source.h"
#include "firstlight/model/classifier.h"
#include "firstlight/score/domain.h"

namespace firstlight {

/// What a recipe of `firstlight train` (docs/training.md) says of one domain.
struct DomainRecipe {
  struct Stream {
    std::string data;  ///< DATA spec
    Selection selection;
    std::string task;  ///< whose views the pictures are prepared by
  };
  std::string name;
  std::vector<std::string> tasks;
  std::vector<std::string> names;  ///< in which training named its classes
  std::vector<Stream> streams;
};

/// Reads the domains of a recipe for `train vlm` (those of its streams; class names are those of
/// the domain's tasks and of the wordings' concepts) or for `train cnn` and `train vit` (one: its
/// task). Other keys are not looked at. Throws Error::usage with file and line.
std::vector<DomainRecipe> read_domain_recipe(const std::string& path);

struct DomainFitOptions {
  std::size_t samples = 600;   ///< drawn from each stream; all where it has fewer
  double false_alarms = 0.05;  ///< fraction of a stream's own samples above its threshold
  std::uint64_t seed = 1;
  int batch = 8;
  ProgressSink progress;
};

/// Fits the domain to the pictures of its streams as `classifier` sees them; `classifiers` gives
/// the classifier of a task. Throws Error::input where the samples of a stream cannot be read, or
/// the model gives no features, and as fit_domain_stream().
Domain fit_domain(const DomainRecipe& recipe,
                  const std::function<std::unique_ptr<Classifier>(const Task&)>& classifiers,
                  const DomainFitOptions& options);

}  // namespace firstlight
