#include "firstlight/train/pool.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "firstlight/base/hash.h"
#include "firstlight/base/parallel.h"
#include "firstlight/base/text.h"
#include "firstlight/image/prepare.h"
#include "firstlight/image/resize.h"
#include "firstlight/registry/source.h"
#include "firstlight/run/runner.h"
#include "map_cache.h"

namespace firstlight::train {
namespace {

std::vector<std::string> concepts_of(const StreamSpec& spec,
                                     const std::optional<std::string>& truth,
                                     const std::vector<Metadata>& columns) {
  std::vector<std::string> concepts;
  for (const ConceptRule& rule : spec.rules) {
    if (!rule.holds(truth, columns)) continue;
    for (const std::string& name : rule.concepts) {
      if (std::find(concepts.begin(), concepts.end(), name) == concepts.end()) {
        concepts.push_back(name);
      }
    }
  }
  return concepts;
}

std::string cache_key(const StreamSpec& spec, const std::string& task_yaml, int side,
                      std::size_t size) {
  ContentHash hash;
  hash.update(spec.data).update("|" + std::to_string(side) + "|" + std::to_string(size));
  hash.update("|" + task_yaml);
  if (spec.selection.split) hash.update(to_text(*spec.selection.split));
  for (const auto& fold : {spec.selection.fold, spec.selection.not_fold}) {
    hash.update(fold ? std::to_string(fold->first) + "/" + std::to_string(fold->second) : "|");
  }
  return hash.hex().substr(0, 16);
}

MetadataValue value_of(const nlohmann::json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  return {};
}

}  // namespace

/// What is read of a sample, before its concepts are known; without pixels and maps where it
/// failed.
struct KeptSample {
  std::vector<std::uint8_t> pixels;
  MapSample maps;
  std::vector<std::string> views;
  std::optional<std::string> truth;
  std::vector<Metadata> columns;

  bool failed() const { return pixels.empty() && maps.views.empty(); }
};

namespace {

KeptSample keep_picture(const SampleSource& source, std::size_t index, int side) {
  KeptSample kept;
  Result<Sample> sample = source.load(index);
  if (!sample) return kept;
  const Result<PreparedView> view = prepare_view(sample.value().views.at(0).pixels, ViewSettings{});
  if (!view) return kept;
  kept.pixels = resize(view.value().image, side, side, ResizeFilter::kBicubic).pixels;
  kept.truth = sample.value().truth;
  kept.columns = std::move(sample.value().metadata);
  return kept;
}

KeptSample keep_maps(const SampleSource& source, std::size_t index, const Task& task,
                     const nn::SiteInput& input) {
  KeptSample kept;
  Result<PreparedSample> prepared = prepare_sample(source, task, index);
  if (!prepared) return kept;
  for (const PreparedSample::View& view : prepared.value().views) {
    kept.views.push_back(view.name);
    kept.maps.views.push_back(nn::charge_map(view.image, input));
  }
  kept.truth = source.truth(index);
  kept.columns = std::move(prepared.value().metadata);
  return kept;
}

void write_cache(const std::string& base, const std::vector<KeptSample>& kept) {
  nlohmann::json samples = nlohmann::json::array();
  std::string pixels;
  std::vector<MapSample> maps;
  for (const KeptSample& sample : kept) {
    if (sample.failed()) {
      samples.push_back(nullptr);
      continue;
    }
    nlohmann::json columns = nlohmann::json::array();
    for (const Metadata& column : sample.columns) {
      columns.push_back({column.name, to_json_value<nlohmann::json>(column.value),
                         column.provenance == Provenance::kMeasured});
    }
    samples.push_back({{"views", sample.views},
                       {"truth", sample.truth ? nlohmann::json(*sample.truth) : nlohmann::json()},
                       {"columns", std::move(columns)}});
    pixels.append(reinterpret_cast<const char*>(sample.pixels.data()), sample.pixels.size());
    if (sample.pixels.empty()) maps.push_back(sample.maps);
  }
  if (maps.empty()) {
    text::write_file_atomically(base + ".rgb", pixels);
  } else {
    write_maps(base + ".safetensors", maps);
  }
  text::write_file_atomically(base + ".json", samples.dump());
}

std::vector<KeptSample> read_cache(const std::string& base, std::size_t bytes, bool with_maps) {
  const auto stored = nlohmann::json::parse(text::read_file(base + ".json"));
  std::vector<KeptSample> kept(stored.size());
  std::vector<MapSample> maps;
  if (with_maps) maps = read_maps(base + ".safetensors", 1);
  std::ifstream in(base + ".rgb", std::ios::binary);
  std::size_t next = 0;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (stored[i].is_null()) continue;
    KeptSample& sample = kept[i];
    sample.views = stored[i].at("views").get<std::vector<std::string>>();
    if (!stored[i].at("truth").is_null()) sample.truth = stored[i].at("truth").get<std::string>();
    for (const auto& column : stored[i].at("columns")) {
      sample.columns.push_back(
          {column.at(0).get<std::string>(), value_of(column.at(1)),
           column.at(2).get<bool>() ? Provenance::kMeasured : Provenance::kTruth});
    }
    if (with_maps) {
      sample.maps = std::move(maps.at(next++));
      continue;
    }
    sample.pixels.resize(bytes);
    in.read(reinterpret_cast<char*>(sample.pixels.data()), static_cast<std::streamsize>(bytes));
    if (!in) throw Error::input(base + ".rgb", "the cached pixels are cut short", "delete it");
  }
  return kept;
}

}  // namespace

ImagePool ImagePool::load(const StreamSpec& spec, int side, const std::string& cache_folder,
                          const ProgressSink& progress) {
  const auto source = select(open_source(spec.data), spec.selection);
  const std::size_t n = source->size();
  ImagePool pool;
  pool.spec_ = spec;
  pool.side_ = side;
  Task task;
  nn::SiteInput input;
  if (pool.has_maps()) {
    task = load_task(spec.task);
    pool.inverted_ = task.views.front().stretch.invert;
    input.inverted = pool.inverted_;
  }

  const std::string base = cache_folder.empty() ? ""
                                                : cache_folder + "/" + spec.name + "-" +
                                                      cache_key(spec, task.yaml, side, n);
  if (!base.empty() && std::filesystem::exists(base + ".json")) {
    pool.sort_out(read_cache(base, static_cast<std::size_t>(side) * side * 3, pool.has_maps()));
    return pool;
  }
  std::vector<KeptSample> kept(n);
  std::mutex mutex;
  ProgressStep step{0, n, 0};
  parallel_for(n, 8, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      kept[i] =
          pool.has_maps() ? keep_maps(*source, i, task, input) : keep_picture(*source, i, side);
      const std::lock_guard lock(mutex);
      ++step.done;
      if (kept[i].failed()) ++step.failed;
      if (progress) progress(step);
    }
  });
  if (!base.empty()) {
    std::filesystem::create_directories(cache_folder);
    write_cache(base, kept);
  }
  pool.sort_out(std::move(kept));
  return pool;
}

void ImagePool::sort_out(std::vector<KeptSample> kept) {
  for (KeptSample& item : kept) {
    if (item.failed()) {
      ++failed_;
      continue;
    }
    auto concepts = concepts_of(spec_, item.truth, item.columns);
    if (concepts.empty()) continue;
    for (const std::string& name : concepts) {
      showing_[name].push_back(static_cast<std::uint32_t>(samples_.size()));
    }
    pixels_.insert(pixels_.end(), item.pixels.begin(), item.pixels.end());
    item.pixels = {};
    if (has_maps()) maps_.push_back(std::move(item.maps));
    samples_.push_back({std::move(item.truth), std::move(item.views), std::move(item.columns),
                        std::move(concepts)});
  }
}

std::string ImagePool::field(std::size_t index, const std::string& name) const {
  for (const Metadata& column : columns(index)) {
    if (column.name == name && column.provenance == Provenance::kMeasured) {
      return to_text(column.value);
    }
  }
  throw Error::usage("stream '" + spec_.name + "'", "has no measured column '" + name + "'",
                     "leave the task that shows it out of the recipe");
}

bool ImagePool::shows(std::size_t index, const std::string& name) const {
  const auto& own = samples_[index].concepts;
  return std::find(own.begin(), own.end(), name) != own.end();
}

int ImagePool::answer(std::size_t index, const std::vector<std::string>& names) const {
  int found = -1;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!shows(index, names[i])) continue;
    if (found >= 0) return -1;
    found = static_cast<int>(i);
  }
  return found;
}

const std::vector<std::uint32_t>& ImagePool::showing(const std::string& name) const {
  static const std::vector<std::uint32_t> none;
  const auto found = showing_.find(name);
  return found == showing_.end() ? none : found->second;
}

}  // namespace firstlight::train
