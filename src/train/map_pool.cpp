#include "firstlight/train/map_pool.h"

#include <algorithm>
#include <filesystem>
#include <mutex>

#include "firstlight/base/hash.h"
#include "firstlight/base/parallel.h"
#include "firstlight/registry/source.h"
#include "firstlight/run/runner.h"
#include "map_cache.h"

namespace firstlight::train {
namespace {

constexpr std::size_t kChunk = 4096;  // samples a cache file, and between looks at `stop`
constexpr std::int32_t kFailed = -1;
constexpr std::int32_t kNoClass = -2;
constexpr std::int32_t kBackground = -3;

/// One sample; without views, `truth` says why.
MapSample read_sample(const SampleSource& source, const Task& task, const nn::SiteInput& input,
                      std::size_t index) {
  MapSample result;
  const auto truth = source.truth(index);
  const auto id = truth ? task.match(*truth) : std::nullopt;
  if (!id) {
    result.truth = truth && task.match_background(*truth) ? kBackground : kNoClass;
    return result;
  }
  const Result<PreparedSample> prepared = prepare_sample(source, task, index);
  if (!prepared) {
    result.truth = kFailed;
    return result;
  }
  result.truth = static_cast<int>(id->value);
  for (const PreparedSample::View& view : prepared.value().views) {
    result.views.push_back(nn::charge_map(view.image, input));
  }
  return result;
}

std::string cache_key(const NetworkStream& stream, const Task& task, const nn::SiteInput& input,
                      const SampleSource& source) {
  ContentHash hash;
  hash.update(stream.data + "|" + task.yaml + "|" + std::to_string(source.size()));
  hash.update("|" + std::to_string(input.channels) + (input.sparse ? "s" : "d") +
              (input.inverted ? "i" : "") + std::to_string(input.size.value_or(0)));
  for (std::size_t i = 0; i < source.size(); i += 1 + source.size() / 1000) {
    hash.update("|" + source.id(i));
  }
  return hash.hex().substr(0, 16);
}

}  // namespace

MapPool MapPool::load(const NetworkStream& stream, const Task& task, const nn::SiteInput& input,
                      const std::string& cache_folder, const ProgressSink& progress,
                      const std::atomic<bool>* stop) {
  const auto source = select(open_source(stream.data), stream.selection);
  const std::size_t n = source->size();
  MapPool pool;
  pool.name_ = stream.name;
  std::string base;
  if (!cache_folder.empty()) {
    std::filesystem::create_directories(cache_folder);
    base = cache_folder + "/" + stream.name + "-" + cache_key(stream, task, input, *source) + "-";
  }
  ProgressStep step{0, n, 0};
  std::mutex mutex;
  bool fresh = false;
  for (std::size_t first = 0; first < n; first += kChunk) {
    const std::size_t last = std::min(n, first + kChunk);
    const std::string path = base + std::to_string(first / kChunk) + ".safetensors";
    std::vector<MapSample> chunk;
    if (!base.empty() && std::filesystem::exists(path)) {
      chunk = read_maps(path, static_cast<std::size_t>(input.channels));
      step.done = last;
    } else if (fresh && stop != nullptr && *stop) {
      pool.complete_ = false;
      break;
    } else {
      fresh = true;
      chunk.resize(last - first);
      parallel_for(chunk.size(), 8, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          chunk[i] = read_sample(*source, task, input, first + i);
          const std::lock_guard lock(mutex);
          ++step.done;
          if (progress) progress(step);
        }
      });
      if (!base.empty()) write_maps(path, chunk);
    }
    for (MapSample& sample : chunk) {
      if (sample.truth == kBackground) ++pool.backgrounds_;
      if (sample.truth == kFailed || sample.truth == kNoClass) ++pool.failed_;
      if (sample.truth >= 0) pool.samples_.push_back(std::move(sample));
    }
  }
  return pool;
}

}  // namespace firstlight::train
