#include "streams.h"

#include <fmt/format.h>

#include <algorithm>

#include "clock.h"
#include "firstlight/base/error.h"
#include "firstlight/base/log.h"

namespace firstlight::train {

std::vector<std::string> streams_of(const Recipe& recipe, const TrainOptions& options) {
  for (const std::string& name : options.stages) {
    const bool known = std::any_of(recipe.stages.begin(), recipe.stages.end(),
                                   [&](const Stage& stage) { return stage.name == name; });
    if (!known) throw Error::usage(recipe.folder, "the recipe has no stage '" + name + "'");
  }
  std::vector<std::string> names;
  for (const Stage& stage : recipe.stages) {
    const bool wanted =
        options.stages.empty() ||
        std::find(options.stages.begin(), options.stages.end(), stage.name) != options.stages.end();
    if (!wanted) continue;
    for (const auto& [name, share] : stage.streams) names.push_back(name);
  }
  return names;
}

std::vector<ImagePool> load_pools(const std::vector<StreamSpec>& specs, const Recipe& recipe,
                                  const TrainOptions& options,
                                  const std::vector<std::string>& wanted) {
  std::vector<ImagePool> pools;
  for (const StreamSpec& spec : specs) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), spec.name) == wanted.end())
      continue;
    auto last = Clock::now();
    pools.push_back(
        ImagePool::load(spec, recipe.pool_side, options.cache, [&](const ProgressStep& step) {
          if (seconds_since(last) < 20) return;
          last = Clock::now();
          log_info(fmt::format("reading {}: {} of {}", spec.name, step.done, step.total));
        }));
    log_info(fmt::format("stream {}: {} images, {} failed", spec.name, pools.back().size(),
                         pools.back().failed()));
    if (pools.back().size() == 0) {
      throw Error::usage(spec.data, "no sample of stream '" + spec.name + "' shows a concept",
                         "check its rules");
    }
  }
  return pools;
}

}  // namespace firstlight::train
