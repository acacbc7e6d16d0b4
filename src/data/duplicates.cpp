#include "firstlight/data/duplicates.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "fingerprint.h"
#include "firstlight/base/hash.h"
#include "firstlight/base/parallel.h"
#include "match.h"

// Ids and pixels are compared by hash. For near-duplicates every picture becomes a small grey
// thumbnail; all pairs are compared coarsely at several scales (match.h), which leaves some pairs
// in a thousand, and these are aligned finely. Hashes of the usual perceptual kinds were tried
// first: galaxies on a dark sky are so alike in their low frequencies that the true pairs drown
// (the raw correlation of unrelated pairs reaches 0.98, of true ones at a field 5 % smaller it
// falls to 0.81).
namespace firstlight {
namespace {

/// All samples of all sets, one after the other.
struct Pool {
  std::vector<SampleRef> refs;
  std::vector<Thumbnail> thumbnails;
  std::vector<std::string> pixel_hashes;  ///< empty where not read
  std::vector<bool> usable;
};

std::string pixel_hash(const Pixels& pixels) {
  ContentHash hash;
  const auto add = [&](int w, int h, int channels, const void* data, std::size_t size) {
    const std::string shape = std::to_string(w) + "x" + std::to_string(h) + "x" +
                              std::to_string(channels) + ":" + std::to_string(size) + ":";
    hash.update(shape).update(data, size);
  };
  if (const auto* image = std::get_if<Image>(&pixels)) {
    add(image->width, image->height, image->channels, image->pixels.data(), image->pixels.size());
  } else {
    const Raster& raster = std::get<Raster>(pixels);
    add(raster.width, raster.height, raster.bands, raster.values.data(),
        raster.values.size() * sizeof(float));
  }
  return hash.hex();
}

bool is_uniform(const Thumbnail& thumbnail) {
  return std::all_of(thumbnail.begin(), thumbnail.end(),
                     [&](std::uint8_t value) { return value == thumbnail.front(); });
}

void read_pictures(const std::vector<const SampleSource*>& sets, Pool& pool,
                   DuplicateReport& report, const ProgressSink& progress) {
  const std::size_t n = pool.refs.size();
  pool.thumbnails.resize(n);
  pool.pixel_hashes.resize(n);
  std::vector<std::string> errors(n);
  ProgressStep step{0, n, 0};
  std::mutex mutex;
  parallel_for(n, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto sample = sets[pool.refs[i].set]->load(pool.refs[i].index);
      if (sample.ok() && !sample.value().views.empty()) {
        const Pixels& pixels = sample.value().views.front().pixels;
        pool.thumbnails[i] = make_thumbnail(pixels);
        pool.pixel_hashes[i] = pixel_hash(pixels);
      } else {
        errors[i] = sample.ok() ? "the sample has no picture" : sample.error().what();
      }
      const std::lock_guard lock(mutex);
      ++step.done;
      step.failed += errors[i].empty() ? 0 : 1;
      if (progress) progress(step);
    }
  });
  pool.usable.assign(n, false);
  for (std::size_t i = 0; i < n; ++i) {
    pool.usable[i] = errors[i].empty() && !is_uniform(pool.thumbnails[i]);
    if (!errors[i].empty()) report.failures.push_back({pool.refs[i], errors[i]});
  }
}

using Pairs = std::map<std::pair<std::size_t, std::size_t>, Duplicate>;

Duplicate& pair_at(Pairs& pairs, const Pool& pool, std::size_t i, std::size_t j) {
  const auto key = std::minmax(i, j);
  Duplicate& pair = pairs[key];
  pair.a = pool.refs[key.first];
  pair.b = pool.refs[key.second];
  return pair;
}

/// Calls `found` with every sample whose non-empty value an earlier one has, and the first such of
/// each set: equality carries over, so that the other pairs follow, and a thousand equal pictures
/// are no million pairs.
template <typename Found>
void equal_pairs(const Pool& pool, const std::vector<std::string>& values, bool within_sets,
                 const Found& found) {
  std::unordered_map<std::string, std::vector<std::size_t>> firsts;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].empty()) continue;
    auto& known = firsts[values[i]];
    for (const std::size_t first : known) {
      if (within_sets || pool.refs[first].set != pool.refs[i].set) found(first, i);
    }
    if (known.empty() || pool.refs[known.back()].set != pool.refs[i].set) known.push_back(i);
  }
}

void match_pictures(const Pool& pool, const DuplicateOptions& options, Pairs& pairs) {
  equal_pairs(pool, pool.pixel_hashes, options.within_sets, [&](std::size_t i, std::size_t j) {
    Duplicate& pair = pair_at(pairs, pool, i, j);
    pair.image = ImageMatch::kPixels;
    pair.similarity = 1;
    pair.scale = 1;
  });
  std::vector<std::size_t> groups;
  if (!options.within_sets) {
    for (const SampleRef& ref : pool.refs) groups.push_back(ref.set);
  }
  const std::vector<Candidate> candidates = find_candidates(pool.thumbnails, pool.usable, groups);
  std::vector<Alignment> alignments(candidates.size());
  parallel_for(candidates.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      alignments[i] = align(Fingerprints(pool.thumbnails[candidates[i].outer]),
                            Fingerprints(pool.thumbnails[candidates[i].inner]), candidates[i].side);
    }
  });
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (alignments[i].similarity < options.min_similarity) continue;
    Duplicate& pair = pair_at(pairs, pool, candidates[i].outer, candidates[i].inner);
    if (pair.image == ImageMatch::kPixels) continue;
    pair.image = ImageMatch::kNear;
    pair.similarity = alignments[i].similarity;
    pair.scale = std::min(alignments[i].side, 1 / alignments[i].side);
  }
}

}  // namespace

DuplicateReport find_duplicates(const std::vector<const SampleSource*>& sets,
                                const DuplicateOptions& options, const ProgressSink& progress) {
  DuplicateReport report;
  Pool pool;
  std::vector<std::string> ids;
  for (std::size_t set = 0; set < sets.size(); ++set) {
    report.samples.push_back(sets[set]->size());
    for (std::size_t i = 0; i < sets[set]->size(); ++i) {
      pool.refs.push_back({set, i});
      ids.push_back(sets[set]->id(i));
    }
  }
  Pairs pairs;
  if (options.by_id) {
    equal_pairs(pool, ids, options.within_sets,
                [&](std::size_t i, std::size_t j) { pair_at(pairs, pool, i, j).same_id = true; });
  }
  if (options.by_image) {
    read_pictures(sets, pool, report, progress);
    match_pictures(pool, options, pairs);
  }
  for (auto& [key, pair] : pairs) report.pairs.push_back(pair);
  return report;
}

std::vector<std::vector<Split>> split_samples(const std::vector<const SampleSource*>& sets,
                                              const std::vector<Duplicate>& pairs) {
  std::vector<std::size_t> offset;
  std::vector<Split> splits;
  for (const SampleSource* set : sets) {
    offset.push_back(splits.size());
    for (std::size_t i = 0; i < set->size(); ++i) splits.push_back(split_of_object(set->id(i)));
  }
  // Connected groups by union-find; the strictest split (the later enumerator) goes to the root.
  std::vector<std::size_t> parent(splits.size());
  std::iota(parent.begin(), parent.end(), std::size_t{0});
  const auto root = [&](std::size_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  };
  for (const Duplicate& pair : pairs) {
    const std::size_t a = root(offset[pair.a.set] + pair.a.index);
    const std::size_t b = root(offset[pair.b.set] + pair.b.index);
    parent[b] = a;
    splits[a] = std::max(splits[a], splits[b]);
  }
  std::vector<std::vector<Split>> out;
  for (std::size_t set = 0; set < sets.size(); ++set) {
    auto& own = out.emplace_back();
    for (std::size_t i = 0; i < sets[set]->size(); ++i)
      own.push_back(splits[root(offset[set] + i)]);
  }
  return out;
}

}  // namespace firstlight
