#include "firstlight/train/map_pool.h"

#include <algorithm>
#include <filesystem>
#include <mutex>

#include "firstlight/base/hash.h"
#include "firstlight/base/parallel.h"
#include "firstlight/nn/safetensors.h"
#include "firstlight/registry/source.h"
#include "firstlight/run/runner.h"

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

/// Samples of a chunk as arrays: `samples` [n, 2] truth and views, `maps` [m, 3] height, width and
/// sites, `places` and `charges`.
void write_chunk(const std::string& path, const std::vector<MapSample>& samples) {
  std::vector<std::int32_t> heads;
  std::vector<std::int32_t> maps;
  std::vector<std::int32_t> places;
  std::vector<std::uint8_t> charges;
  for (const MapSample& sample : samples) {
    heads.push_back(sample.truth);
    heads.push_back(static_cast<std::int32_t>(sample.views.size()));
    for (const nn::ChargeMap& map : sample.views) {
      maps.push_back(map.height);
      maps.push_back(map.width);
      maps.push_back(static_cast<std::int32_t>(map.places.size()));
      places.insert(places.end(), map.places.begin(), map.places.end());
      charges.insert(charges.end(), map.charges.begin(), map.charges.end());
    }
  }
  const auto n = [](const auto& values) { return static_cast<std::int64_t>(values.size()); };
  nn::write_safetensors(path, {{"samples", nn::Dtype::kI32, {n(heads)}, heads.data()},
                               {"maps", nn::Dtype::kI32, {n(maps)}, maps.data()},
                               {"places", nn::Dtype::kI32, {n(places)}, places.data()},
                               {"charges", nn::Dtype::kU8, {n(charges)}, charges.data()}});
}

std::vector<MapSample> read_chunk(const std::string& path, std::size_t channels) {
  const auto file = nn::SafetensorsFile::open(path);
  const auto numbers = [&](const char* name) {
    const nn::TensorView& tensor = file.at(name);
    std::vector<std::int32_t> values(tensor.bytes / sizeof(std::int32_t));
    std::copy_n(tensor.data, values.size() * sizeof(std::int32_t),
                reinterpret_cast<std::byte*>(values.data()));
    return values;
  };
  const auto heads = numbers("samples");
  const auto maps = numbers("maps");
  const auto places = numbers("places");
  const nn::TensorView& charges = file.at("charges");
  const auto* charge = reinterpret_cast<const std::uint8_t*>(charges.data);
  std::vector<MapSample> samples;
  std::size_t map_at = 0;
  std::size_t place_at = 0;
  for (std::size_t i = 0; i + 1 < heads.size(); i += 2) {
    MapSample sample;
    sample.truth = heads[i];
    for (std::int32_t v = 0; v < heads[i + 1]; ++v, map_at += 3) {
      const auto sites = static_cast<std::size_t>(maps.at(map_at + 2));
      if (place_at + sites > places.size() || (place_at + sites) * channels > charges.bytes) {
        throw Error::input(path, "the cached maps are cut short", "delete it");
      }
      nn::ChargeMap map{maps[map_at], maps[map_at + 1], {}, {}};
      map.places.assign(places.begin() + static_cast<std::ptrdiff_t>(place_at),
                        places.begin() + static_cast<std::ptrdiff_t>(place_at + sites));
      map.charges.assign(charge + place_at * channels, charge + (place_at + sites) * channels);
      place_at += sites;
      sample.views.push_back(std::move(map));
    }
    samples.push_back(std::move(sample));
  }
  return samples;
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
      chunk = read_chunk(path, static_cast<std::size_t>(input.channels));
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
      if (!base.empty()) write_chunk(path, chunk);
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
