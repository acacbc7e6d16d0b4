#pragma once

#include <string>
#include <vector>

#include "firstlight/base/log.h"
#include "firstlight/run/store.h"

namespace firstlight {

/// Joins the shards of a run (runs made with --shard i/n) into one run in `folder`: the samples of
/// shard 0, then those of shard 1, and so on, with the scores and the pictures that one process
/// would have kept. Times are summed, the peak of memory is the largest. Called again after it was
/// interrupted, it goes on. Returns the run, open for reading. Throws Error::usage where a run is
/// no shard, a shard is named twice or one is missing; Error::input for a shard that is not
/// finished; Error::conflict where two shards differ in model, task, data or settings, or `folder`
/// holds another run.
RunStore merge_shards(const std::vector<std::string>& shards, const std::string& folder,
                      const ProgressSink& progress = {});

}  // namespace firstlight
