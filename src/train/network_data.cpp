#include "network_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>

#include "clock.h"
#include "firstlight/base/error.h"
#include "firstlight/base/log.h"
#include "firstlight/base/parallel.h"

namespace firstlight::train {
namespace {

using torch::Tensor;

double all_shares(const NetworkStage& stage) {
  return std::accumulate(stage.streams.begin(), stage.streams.end(), 0.0,
                         [](double sum, const auto& share) { return sum + share.second; });
}

}  // namespace

bool NetworkData::load(const std::vector<const NetworkStage*>& stages, const std::string& cache,
                       const std::atomic<bool>* stop) {
  std::set<std::string> names;
  for (const NetworkStage* stage : stages) {
    for (const auto& [name, share] : stage->streams) names.insert(name);
  }
  std::vector<NetworkStream> streams;
  for (const NetworkStream& stream : recipe_.streams) {
    if (names.count(stream.name) > 0) streams.push_back(stream);
  }
  return streams.empty() ||
         (read(recipe_.validation, cache, stop, validation_) && read(streams, cache, stop, pools_));
}

bool NetworkData::read(const std::vector<NetworkStream>& streams, const std::string& cache,
                       const std::atomic<bool>* stop, std::vector<MapPool>& pools) const {
  for (const NetworkStream& stream : streams) {
    const auto start = Clock::now();
    auto last = start;
    std::size_t first_done = std::numeric_limits<std::size_t>::max();
    pools.push_back(MapPool::load(
        stream, task_, input_, cache,
        [&](const ProgressStep& step) {
          first_done = std::min(first_done, step.done - 1);
          if (seconds_since(last) < 20) return;
          last = Clock::now();
          const double rate = static_cast<double>(step.done - first_done) / seconds_since(start);
          log_info(fmt::format("reading {}: {} of {}, {:.0f}/s, {:.0f} min left", stream.name,
                               step.done, step.total, rate,
                               static_cast<double>(step.total - step.done) / rate / 60));
        },
        stop));
    if (!pools.back().complete()) return false;
    log_info(fmt::format("stream {}: {} samples, {} backgrounds left out, {} failed", stream.name,
                         pools.back().size(), pools.back().backgrounds(), pools.back().failed()));
    check(pools.back());
  }
  return true;
}

void NetworkData::check(const MapPool& pool) const {
  if (pool.size() == 0) {
    throw Error::usage(recipe_.name, "stream '" + pool.name() + "' has no sample of a class",
                       "check its data and their truth");
  }
  if (views_ == 0) return;
  for (std::size_t i = 0; i < pool.size(); ++i) {
    if (static_cast<int>(pool[i].views.size()) == views_) continue;
    throw Error::usage(recipe_.name,
                       fmt::format("stream '{}' has samples of {} views, the network joins {}",
                                   pool.name(), pool[i].views.size(), views_));
  }
}

std::int64_t NetworkData::epoch_samples(const NetworkStage& stage) const {
  if (stage.epoch_samples > 0) return stage.epoch_samples;
  std::int64_t samples = 0;
  for (const MapPool& pool : pools_) {
    if (stage.streams.count(pool.name()) > 0) samples += static_cast<std::int64_t>(pool.size());
  }
  return samples;
}

Tensor NetworkData::class_weights(const NetworkStage& stage) const {
  const auto classes = static_cast<std::int64_t>(task_.size());
  Tensor weights = torch::ones({classes});
  if (!stage.balanced) return weights;
  std::vector<double> share(task_.size(), 0.0);
  const double total = all_shares(stage);
  for (const MapPool& pool : pools_) {
    const auto found = stage.streams.find(pool.name());
    if (found == stage.streams.end()) continue;
    for (std::size_t i = 0; i < pool.size(); ++i) {
      share[static_cast<std::size_t>(pool[i].truth)] +=
          found->second / total / static_cast<double>(pool.size());
    }
  }
  for (std::int64_t c = 0; c < classes; ++c) {
    const double own = share[static_cast<std::size_t>(c)];
    weights[c] = own > 0 ? 1.0 / (own * static_cast<double>(classes)) : 0.0;
  }
  return weights;
}

NetworkBatch NetworkData::draw(const NetworkStage& stage, Random& random) const {
  const double total = all_shares(stage);
  std::vector<const MapSample*> drawn;
  std::vector<std::int64_t> truths;
  for (std::int64_t i = 0; i < stage.batch; ++i) {
    double place = random.uniform(0, total);
    const MapPool* chosen = nullptr;
    for (const MapPool& pool : pools_) {
      const auto share = stage.streams.find(pool.name());
      if (share == stage.streams.end()) continue;
      chosen = &pool;
      if (place < share->second) break;
      place -= share->second;
    }
    drawn.push_back(&(*chosen)[random.below(chosen->size())]);
    truths.push_back(drawn.back()->truth);
  }
  const std::uint64_t seed = random();
  NetworkBatch batch;
  batch.samples.resize(drawn.size());
  batch.truth = torch::tensor(truths);
  parallel_for(drawn.size(), 4, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      Random own(seed, i);
      batch.samples[i] = changed(*drawn[i], stage.changes, input_.channels, own);
    }
  });
  return batch;
}

}  // namespace firstlight::train
