#include "match.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <numeric>
#include <utility>

#include "firstlight/base/parallel.h"

// The products below are the greater part of a check. GCC makes a variant for each instruction set
// and the loader takes the best one.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FIRSTLIGHT_VARIANTS __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define FIRSTLIGHT_VARIANTS
#endif

namespace firstlight {
namespace {

constexpr int kCoarseCells = 16;
constexpr int kCoarseValues = kCoarseCells * kCoarseCells;
constexpr int kFineCells = 32;
/// Scales from 1 down to one half, each 12 % smaller: cells of 1/16 of the side still overlap by
/// half at the border for the scale between two of them.
constexpr int kScales = 7;
/// Measured with 16 x 16 cells on SDSS cutouts: the same exposure 0.70 and more at equal field,
/// 0.47 and more for crops down to one half saved as JPEG at 64 to 160 pixels; of unrelated pairs 1
/// in 1,000 exceeds 0.46.
constexpr float kCoarseThreshold = 0.45f;
/// Columns of one block of the product, and rows done together.
constexpr int kColumns = 16;
constexpr int kRows = 4;

double scale_of(int k) { return std::exp2(-k / 6.0); }

/// out[r][c] = sum over v of rows[r][v] * block[v][c].
FIRSTLIGHT_VARIANTS void multiply(const float* rows, const float* block, float* out) {
  float sums[kRows][kColumns] = {};
  for (int v = 0; v < kCoarseValues; ++v) {
    const float* column = block + v * kColumns;
    for (int r = 0; r < kRows; ++r) {
      const float value = rows[r * kCoarseValues + v];
      for (int c = 0; c < kColumns; ++c) sums[r][c] += value * column[c];
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kColumns; ++c) out[r * kColumns + c] = sums[r][c];
  }
}

/// The best scale of every pair that one outer thumbnail has with the others.
class BestScales {
 public:
  void add(const Candidate& candidate) {
    for (Candidate& known : found_) {
      if (known.inner != candidate.inner) continue;
      if (candidate.score > known.score) known = candidate;
      return;
    }
    found_.push_back(candidate);
  }
  std::vector<Candidate>& found() { return found_; }

 private:
  std::vector<Candidate> found_;
};

}  // namespace

std::vector<Candidate> find_candidates(const std::vector<Thumbnail>& thumbnails,
                                       const std::vector<bool>& usable,
                                       const std::vector<std::size_t>& groups) {
  const std::size_t n = thumbnails.size();
  const auto apart = [&](std::size_t i, std::size_t j) {
    return groups.empty() || groups[i] != groups[j];
  };
  constexpr std::size_t kValues = kCoarseValues;
  // Whole pictures by blocks of columns; parts of each picture as rows, scale by scale.
  const std::size_t blocks = (n + kColumns - 1) / kColumns;
  std::vector<float> columns(blocks * kColumns * kValues, 0.f);
  std::vector<float> rows(n * 8 * kValues, 0.f);
  static_assert(kScales < 8 && 8 % kRows == 0, "eight rows a picture, the last one empty");
  parallel_for(n, 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (!usable[i]) continue;
      const Fingerprints fingerprints(thumbnails[i]);
      for (int k = 0; k < kScales; ++k) {
        const auto part = fingerprints.part(scale_of(k), 0, 0, kCoarseCells);
        std::copy(part.begin(), part.end(),
                  rows.begin() + static_cast<std::ptrdiff_t>((i * 8 + k) * kValues));
        if (k > 0) continue;
        float* block = columns.data() + i / kColumns * kColumns * kValues + i % kColumns;
        for (std::size_t v = 0; v < kValues; ++v) block[v * kColumns] = part[v];
      }
    }
  });

  std::vector<Candidate> candidates;
  std::mutex mutex;
  parallel_for(n, 16, [&](std::size_t begin, std::size_t end) {
    std::vector<BestScales> best(end - begin);
    std::array<float, kRows * kColumns> products{};
    for (std::size_t block = 0; block < blocks; ++block) {
      const float* block_values = columns.data() + block * kColumns * kValues;
      const std::size_t last = std::min(n, (block + 1) * kColumns) - 1;
      for (std::size_t i = begin; i < end; ++i) {
        // Groups lie together, so that a block begins and ends in one or holds a border.
        if (!apart(i, block * kColumns) && !apart(i, last)) continue;
        for (int first = 0; first < kScales; first += kRows) {
          multiply(rows.data() + (i * 8 + static_cast<std::size_t>(first)) * kValues, block_values,
                   products.data());
          for (int at = 0; at < kRows * kColumns; ++at) {
            if (products[static_cast<std::size_t>(at)] < kCoarseThreshold) continue;
            const std::size_t j = block * kColumns + static_cast<std::size_t>(at % kColumns);
            const int k = first + at / kColumns;
            if (j >= n || j == i || (k == 0 && j < i) || !apart(i, j)) continue;
            best[i - begin].add({i, j, scale_of(k), products[static_cast<std::size_t>(at)]});
          }
        }
      }
    }
    const std::lock_guard lock(mutex);
    for (BestScales& one : best) {
      candidates.insert(candidates.end(), one.found().begin(), one.found().end());
    }
  });

  // One a pair, whichever way round it fits better; in an order that threads do not change.
  const auto pair_of = [](const Candidate& c) { return std::minmax({c.outer, c.inner}); };
  std::sort(candidates.begin(), candidates.end(), [&](const Candidate& x, const Candidate& y) {
    if (pair_of(x) != pair_of(y)) return pair_of(x) < pair_of(y);
    if (x.score != y.score) return x.score > y.score;
    return x.outer < y.outer;
  });
  candidates.erase(
      std::unique(candidates.begin(), candidates.end(),
                  [&](const Candidate& x, const Candidate& y) { return pair_of(x) == pair_of(y); }),
      candidates.end());
  return candidates;
}

Alignment align(const Fingerprints& outer, const Fingerprints& inner, double side) {
  // The middle of the inner picture, so that the part of the outer one can grow and move.
  constexpr double kMiddle = 0.88;
  constexpr double kLogStep = 0.015;
  constexpr double kMinLogStep = 0.002;
  // Pairs of one exposure are above this before any shift; unrelated ones hardly ever.
  constexpr double kHopeless = 0.15;
  const std::vector<float> reference = inner.part(kMiddle, 0, 0, kFineCells);
  const auto similarity = [&](double log_side, double x, double y) {
    const double width = std::exp(log_side) * kMiddle;
    if (width / 2 + std::max(std::abs(x), std::abs(y)) > 0.5) return -1.0;
    const auto part = outer.part(width, x, y, kFineCells);
    return static_cast<double>(
        std::inner_product(part.begin(), part.end(), reference.begin(), 0.f));
  };
  // Scale first, over the whole gap to the neighbouring coarse scales: the correlation is flat away
  // from its peak and climbing alone would not find it.
  const double start = std::log(side);
  std::array<double, 3> best = {start, 0, 0};
  double highest = -1;
  for (int i = -6; i <= 6; ++i) {
    const double value = similarity(start + i * kLogStep, 0, 0);
    if (value > highest) {
      highest = value;
      best[0] = start + i * kLogStep;
    }
  }
  if (highest < kHopeless) return {highest, std::exp(best[0])};
  for (double step = kLogStep; step > kMinLogStep;) {
    bool moved = false;
    for (std::size_t axis = 0; axis < best.size(); ++axis) {
      for (const double sign : {-1.0, 1.0}) {
        std::array<double, 3> next = best;
        // A shift of one step moves the picture as far as a step of scale moves its border.
        next[axis] += sign * step * (axis == 0 ? 1 : std::exp(best[0]) / 2);
        const double value = similarity(next[0], next[1], next[2]);
        if (value <= highest) continue;
        highest = value;
        best = next;
        moved = true;
      }
    }
    if (!moved) step /= 2;
  }
  return {highest, std::exp(best[0])};
}

}  // namespace firstlight
