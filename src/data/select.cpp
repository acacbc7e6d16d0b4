#include <algorithm>
#include <numeric>
#include <set>
#include <string>

#include "firstlight/base/hash.h"
#include "firstlight/data/source.h"

namespace firstlight {
namespace {

class SelectedSource : public SampleSource {
 public:
  SelectedSource(std::unique_ptr<SampleSource> source, std::vector<std::size_t> kept)
      : source_(std::move(source)), kept_(std::move(kept)) {}

  std::size_t size() const override { return kept_.size(); }
  std::string id(std::size_t index) const override { return source_->id(kept_.at(index)); }
  Result<Sample> load(std::size_t index) const override { return source_->load(kept_.at(index)); }
  std::optional<std::string> truth(std::size_t index) const override {
    return source_->truth(kept_.at(index));
  }
  Sample describe(std::size_t index) const override { return source_->describe(kept_.at(index)); }
  std::vector<ColumnInfo> columns() const override { return source_->columns(); }

 private:
  std::unique_ptr<SampleSource> source_;
  std::vector<std::size_t> kept_;
};

void check_part(const char* flag, const std::optional<std::pair<int, int>>& part) {
  if (!part || (part->second >= 1 && part->first >= 0 && part->first < part->second)) return;
  throw Error::usage(
      flag, std::to_string(part->first) + "/" + std::to_string(part->second) + " is no part",
      "write i/k with 0 <= i < k");
}

bool in_part(std::uint64_t hash, const std::pair<int, int>& part) {
  return hash % static_cast<std::uint64_t>(part.second) == static_cast<std::uint64_t>(part.first);
}

/// The `count` positions whose hash of seed and id is smallest: a sample that does not depend on
/// the order of the source, and whose members stay when `count` grows.
std::vector<std::size_t> sample_of(const SampleSource& source, const std::vector<std::size_t>& from,
                                   std::size_t count, std::uint64_t seed) {
  std::vector<std::pair<std::uint64_t, std::size_t>> order;
  order.reserve(from.size());
  for (const std::size_t index : from) {
    order.emplace_back(stable_hash64(std::to_string(seed) + "/" + source.id(index)), index);
  }
  count = std::min(count, order.size());
  std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end());
  order.resize(count);
  std::vector<std::size_t> kept;
  for (const auto& [hash, index] : order) kept.push_back(index);
  std::sort(kept.begin(), kept.end());
  return kept;
}

}  // namespace

std::unique_ptr<SampleSource> select(std::unique_ptr<SampleSource> source,
                                     const Selection& selection) {
  check_part("--fold", selection.fold);
  check_part("--not-fold", selection.not_fold);
  check_part("--shard", selection.shard);
  std::vector<std::size_t> kept;
  const std::set<std::string> without(selection.without.begin(), selection.without.end());
  if (selection.fold || selection.not_fold || selection.split || !without.empty()) {
    for (std::size_t i = 0; i < source->size(); ++i) {
      const std::string id = source->id(i);
      if (without.count(id) > 0) continue;
      const std::uint64_t hash = stable_hash64(id);
      if (selection.fold && !in_part(hash, *selection.fold)) continue;
      if (selection.not_fold && in_part(hash, *selection.not_fold)) continue;
      if (selection.split && split_of_object(id) != *selection.split) continue;
      kept.push_back(i);
    }
  } else {
    kept.resize(source->size());
    std::iota(kept.begin(), kept.end(), std::size_t{0});
  }
  if (selection.sample) kept = sample_of(*source, kept, *selection.sample, selection.seed);
  if (selection.limit && *selection.limit < kept.size()) kept.resize(*selection.limit);
  if (selection.shard) {
    // The upper half of the hash: folds go by the remainder of the whole, and a fold must not fall
    // into one shard.
    std::erase_if(kept, [&](std::size_t index) {
      return !in_part(stable_hash64(source->id(index)) >> 32, *selection.shard);
    });
  }
  if (kept.size() == source->size()) return source;
  return std::make_unique<SelectedSource>(std::move(source), std::move(kept));
}

}  // namespace firstlight
