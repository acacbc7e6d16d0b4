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

namespace firstlight::train {
namespace {

std::optional<double> number(const MetadataValue& value) {
  if (const auto* x = std::get_if<double>(&value)) return *x;
  if (const auto* x = std::get_if<std::int64_t>(&value)) return static_cast<double>(*x);
  if (const auto* x = std::get_if<bool>(&value)) return *x ? 1.0 : 0.0;
  return std::nullopt;
}

bool matches(const ConceptRule& rule, const Sample& sample) {
  if (rule.truth && (!sample.truth || *sample.truth != *rule.truth)) return false;
  const auto find = [&](const std::string& name) {
    const auto found = std::find_if(sample.metadata.begin(), sample.metadata.end(),
                                    [&](const Metadata& column) { return column.name == name; });
    return found == sample.metadata.end() ? MetadataValue{} : found->value;
  };
  const bool texts = std::all_of(rule.is.begin(), rule.is.end(), [&](const auto& condition) {
    const auto& allowed = condition.second;
    return std::find(allowed.begin(), allowed.end(), to_text(find(condition.first))) !=
           allowed.end();
  });
  return texts && std::all_of(rule.where.begin(), rule.where.end(), [&](const auto& condition) {
           const auto value = number(find(condition.first));
           return value && *value >= condition.second.first && *value < condition.second.second;
         });
}

/// What is kept of a sample: pixels and the concepts it shows; empty pixels where it failed.
struct Kept {
  std::vector<std::uint8_t> pixels;
  std::vector<std::string> concepts;
};

Kept keep(const SampleSource& source, std::size_t index, const StreamSpec& spec, int side) {
  const Result<Sample> sample = source.load(index);
  if (!sample) return {};
  const Result<PreparedView> view = prepare_view(sample.value().views.at(0).pixels, ViewSettings{});
  if (!view) return {};
  Kept kept;
  kept.pixels = resize(view.value().image, side, side, ResizeFilter::kBicubic).pixels;
  for (const ConceptRule& rule : spec.rules) {
    if (!matches(rule, sample.value())) continue;
    for (const std::string& name : rule.concepts) {
      if (std::find(kept.concepts.begin(), kept.concepts.end(), name) == kept.concepts.end()) {
        kept.concepts.push_back(name);
      }
    }
  }
  return kept;
}

std::string cache_key(const StreamSpec& spec, int side, std::size_t size) {
  ContentHash hash;
  hash.update(spec.data).update("|" + std::to_string(side) + "|" + std::to_string(size));
  for (const ConceptRule& rule : spec.rules) {
    hash.update("|" + rule.truth.value_or("*") + text::join(rule.concepts, ","));
    for (const auto& [column, texts] : rule.is) hash.update(column + text::join(texts, ","));
    for (const auto& [column, range] : rule.where) {
      hash.update(column + std::to_string(range.first) + ":" + std::to_string(range.second));
    }
  }
  if (spec.selection.split) hash.update(to_text(*spec.selection.split));
  for (const auto& fold : {spec.selection.fold, spec.selection.not_fold}) {
    hash.update(fold ? std::to_string(fold->first) + "/" + std::to_string(fold->second) : "|");
  }
  return hash.hex().substr(0, 16);
}

}  // namespace

ImagePool ImagePool::load(const StreamSpec& spec, int side, const std::string& cache_folder,
                          const ProgressSink& progress) {
  const auto source = select(open_source(spec.data), spec.selection);
  const std::size_t n = source->size();
  const std::size_t bytes = static_cast<std::size_t>(side) * side * 3;
  ImagePool pool;
  pool.spec_ = spec;
  pool.side_ = side;

  const std::string base =
      cache_folder.empty() ? "" : cache_folder + "/" + spec.name + "-" + cache_key(spec, side, n);
  if (!base.empty() && std::filesystem::exists(base + ".json")) {
    const auto stored = nlohmann::json::parse(text::read_file(base + ".json"));
    pool.concepts_ = stored.at("concepts").get<std::vector<std::vector<std::string>>>();
    pool.failed_ = stored.at("failed").get<std::size_t>();
    pool.pixels_.resize(pool.concepts_.size() * bytes);
    std::ifstream in(base + ".rgb", std::ios::binary);
    in.read(reinterpret_cast<char*>(pool.pixels_.data()),
            static_cast<std::streamsize>(pool.pixels_.size()));
    if (!in) throw Error::input(base + ".rgb", "the cached pixels are cut short", "delete it");
  } else {
    std::vector<Kept> kept(n);
    std::mutex mutex;
    ProgressStep step{0, n, 0};
    parallel_for(n, 8, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        kept[i] = keep(*source, i, spec, side);
        const std::lock_guard lock(mutex);
        ++step.done;
        if (kept[i].pixels.empty()) ++step.failed;
        if (progress) progress(step);
      }
    });
    for (Kept& item : kept) {
      if (item.pixels.empty()) ++pool.failed_;
      if (item.pixels.empty() || item.concepts.empty()) continue;
      pool.pixels_.insert(pool.pixels_.end(), item.pixels.begin(), item.pixels.end());
      pool.concepts_.push_back(std::move(item.concepts));
      item.pixels = {};
    }
    if (!base.empty()) {
      std::filesystem::create_directories(cache_folder);
      text::write_file_atomically(
          base + ".rgb", std::string_view(reinterpret_cast<const char*>(pool.pixels_.data()),
                                          pool.pixels_.size()));
      text::write_file_atomically(
          base + ".json",
          nlohmann::json{{"concepts", pool.concepts_}, {"failed", pool.failed_}}.dump());
    }
  }
  for (std::size_t i = 0; i < pool.concepts_.size(); ++i) {
    for (const std::string& name : pool.concepts_[i]) {
      pool.showing_[name].push_back(static_cast<std::uint32_t>(i));
    }
  }
  return pool;
}

bool ImagePool::shows(std::size_t index, const std::string& name) const {
  const auto& own = concepts_[index];
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
