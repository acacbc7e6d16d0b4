#include <algorithm>
#include <limits>
#include <optional>

#include "firstlight/base/parallel.h"
#include "firstlight/kernels/kernels.h"
#include "tile_session.h"
#include "variant.h"

namespace firstlight::kernels {

namespace {

/// Keys of a block, from multiples of this on: a key's place in every sum is then the same for
/// each query, whatever else is computed with it. The sums of values are taken up once a block;
/// scores and weights of a block of rows (48 kB) just fit the first-level cache.
constexpr std::size_t kKeys = 256;
constexpr float kMasked = -std::numeric_limits<float>::infinity();

bool sees_nothing(const Visible& seen) { return seen.begin >= seen.end && seen.tree_count == 0; }

std::size_t last_of(const Visible& seen) {
  for (std::size_t i = seen.tree_count; i > 0; --i) {
    if (seen.tree[i - 1]) return std::max(seen.end, seen.tree_first + i);
  }
  return seen.end;
}

}  // namespace

/// One call of Kernels::attention. Heads that share keys are worked on together: row r of a key
/// head is query r / group and head r % group of the group.
class Attention {
 public:
  Attention(const VariantTable& table, const KeyValues& kv, const float* query,
            std::size_t query_stride, std::size_t queries, std::size_t heads, float scale,
            const Visible* visible, float* out, std::size_t out_stride)
      : table_(table),
        unit_(kv.bf16_ ? table.tiles : nullptr),
        kv_(kv),
        query_(query),
        query_stride_(query_stride),
        group_(heads / kv.heads_),
        rows_(queries * group_),
        scale_(scale),
        visible_(visible),
        out_(out),
        out_stride_(out_stride),
        block_rows_(unit_ ? 2 * kTileRows : 2 * static_cast<std::size_t>(table.max_rows)),
        steps_(kv.key_steps_),
        width_(kv.value_panels_ * kv.panel_) {}

  void run() const {
    const std::size_t blocks = (rows_ + block_rows_ - 1) / block_rows_;
    parallel_for(kv_.heads_ * blocks, 1, [&](std::size_t begin, std::size_t end) {
      std::optional<TileSession> session;
      if (unit_) session.emplace(*unit_);
      thread_local Work work;
      for (std::size_t job = begin; job < end; ++job) {
        run_block(work, job / blocks, job % blocks * block_rows_);
      }
    });
  }

 private:
  /// Of one thread. Rows lie one after the other, or in tiles of 16 x 16 (32 in bf16).
  struct Work {
    Buffer<std::uint32_t> query;  ///< [row][step] words
    Buffer<float> scores;         ///< [row][key]
    Buffer<std::uint16_t> weights;
    Buffer<float> sums;   ///< [row][component]
    Buffer<float> tops;   ///< [row]
    Buffer<float> total;  ///< [row][lane]
  };

  const Visible& seen(std::size_t row) const { return visible_[row / group_]; }

  // Where row r of a block begins, and how far its vectors are apart, in a matrix of `columns` f32.
  std::size_t place(std::size_t r, std::size_t columns) const {
    return unit_ ? r / kTileRows * kTileRows * columns + r % kTileRows * kTileRows : r * columns;
  }
  std::size_t vector_stride() const { return unit_ ? kTileRows * kTileRows : table_.width; }
  std::size_t place_of_weights(std::size_t r) const {
    return unit_ ? r / kTileRows * kTileRows * kKeys + r % kTileRows * kTileInputs : r * kKeys;
  }

  void run_block(Work& work, std::size_t kv_head, std::size_t first) const {
    const std::size_t rows = std::min(block_rows_, rows_ - first);
    std::size_t key_begin = kv_.size_;
    std::size_t key_end = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      if (sees_nothing(seen(first + r))) continue;
      const Visible& v = seen(first + r);
      key_begin = std::min(key_begin, v.begin < v.end ? v.begin : v.tree_first);
      key_end = std::max(key_end, last_of(v));
    }
    prepare(work, kv_head, first, rows);
    for (std::size_t k = key_begin / kKeys * kKeys; k < key_end; k += kKeys) {
      const std::size_t keys = std::min(kKeys, (key_end - k + 31) / 32 * 32);
      unit_ ? score_tiles(work, kv_head, k, keys, rows) : score_rows(work, kv_head, k, keys, rows);
      for (std::size_t r = 0; r < rows; ++r) {
        mask(work.scores.data() + place(r, kKeys), k, keys, seen(first + r));
        weigh(work, r, keys);
      }
      unit_ ? sum_tiles(work, kv_head, k, keys, rows) : sum_rows(work, kv_head, k, keys, rows);
    }
    finish(work, kv_head, first, rows);
  }

  void prepare(Work& work, std::size_t kv_head, std::size_t first, std::size_t rows) const {
    work.query.resize(block_rows_ * steps_);
    work.scores.resize(block_rows_ * kKeys);
    work.weights.resize(block_rows_ * kKeys);
    work.sums.resize(block_rows_ * width_);
    work.sums.fill(0.0f);
    work.tops.resize(block_rows_);
    work.tops.fill(kMasked);
    work.total.resize(block_rows_ * table_.width);
    work.total.fill(0.0f);
    const std::size_t size = kv_.head_size_;
    if (unit_ || size % 2) work.query.fill(0);
    for (std::size_t r = 0; r < rows; ++r) {
      const float* q = query_ + (first + r) / group_ * query_stride_ +
                       (kv_head * group_ + (first + r) % group_) * size;
      std::uint32_t* to = work.query.data() + r * steps_;
      if (unit_) {
        auto* tiles = reinterpret_cast<std::uint16_t*>(work.query.data());
        unit_->pack_row(
            q, size, tiles + r / kTileRows * kTileRows * 2 * steps_ + r % kTileRows * kTileInputs);
      } else if (kv_.bf16_) {
        table_.to_bf16(q, reinterpret_cast<std::uint16_t*>(to), size);
      } else {
        std::copy(q, q + size, reinterpret_cast<float*>(to));
      }
    }
  }

  const std::uint32_t* keys(std::size_t kv_head, std::size_t first) const {
    return kv_.keys_.data() + (kv_head * kv_.capacity_ + first) * steps_;
  }
  const std::uint32_t* values(std::size_t kv_head, std::size_t panel, std::size_t first) const {
    return kv_.values_.data() + ((kv_head * kv_.value_panels_ + panel) * kv_.value_steps_ +
                                 (kv_.bf16_ ? first / 2 : first)) *
                                    kv_.panel_;
  }

  void score_rows(Work& work, std::size_t kv_head, std::size_t first, std::size_t count,
                  std::size_t rows) const {
    for (std::size_t k = 0; k < count; k += kv_.panel_) {
      Tile t{};
      t.a = work.query.data();
      t.a_stride = steps_;
      t.b = keys(kv_head, first + k);
      t.k = steps_;
      t.c = work.scores.data() + k;
      t.c_stride = kKeys;
      run_tiles(t, rows, kv_.panel_);
    }
  }

  void sum_rows(Work& work, std::size_t kv_head, std::size_t first, std::size_t count,
                std::size_t rows) const {
    for (std::size_t p = 0; p < kv_.value_panels_; ++p) {
      Tile t{};
      t.a = kv_.bf16_ ? static_cast<const void*>(work.weights.data()) : work.scores.data();
      t.a_stride = kv_.bf16_ ? kKeys / 2 : kKeys;
      t.b = values(kv_head, p, first);
      t.k = kv_.bf16_ ? count / 2 : count;
      t.c = work.sums.data() + p * kv_.panel_;
      t.c_stride = width_;
      t.init = t.c;
      t.init_stride = t.c_stride;
      run_tiles(t, rows, kv_.panel_);
    }
  }

  /// One panel for all rows of a block.
  void run_tiles(Tile t, std::size_t rows, std::size_t panel) const {
    const auto step = static_cast<std::size_t>(table_.max_rows);
    t.b_step = panel;
    t.cols = static_cast<int>(panel);
    for (std::size_t r = 0; r < rows; r += step) {
      t.rows = static_cast<int>(std::min(step, rows - r));
      (kv_.bf16_ ? table_.tile_bf16 : table_.tile_f32)(t);
      t.a = static_cast<const std::uint32_t*>(t.a) + step * t.a_stride;
      t.c += step * t.c_stride;
      if (t.init) t.init += step * t.init_stride;
    }
  }

  void score_tiles(Work& work, std::size_t kv_head, std::size_t first, std::size_t count,
                   std::size_t rows) const {
    TileBlock t{};
    t.a = reinterpret_cast<const std::uint16_t*>(work.query.data());
    t.a_stride = kTileRows * 2 * steps_;
    t.steps = steps_ / kTileRows;
    t.row_stride = kTileRows * kKeys;
    t.row_blocks = rows > kTileRows ? 2 : 1;
    t.panels = 2;
    for (std::size_t k = 0; k < count; k += 2 * kTileRows) {
      t.b[0] = keys(kv_head, first + k);
      t.b[1] = t.b[0] + kTileRows * steps_;
      t.c = work.scores.data() + k * kTileRows;
      unit_->multiply(t);
    }
  }

  void sum_tiles(Work& work, std::size_t kv_head, std::size_t first, std::size_t count,
                 std::size_t rows) const {
    TileBlock t{};
    t.a = work.weights.data();
    t.a_stride = kTileRows * kKeys;
    t.steps = count / kTileInputs;
    t.row_stride = kTileRows * width_;
    t.row_blocks = rows > kTileRows ? 2 : 1;
    t.resume = true;
    for (std::size_t p = 0; p < kv_.value_panels_; p += 2) {
      t.panels = static_cast<int>(std::min<std::size_t>(2, kv_.value_panels_ - p));
      t.b[0] = values(kv_head, p, first);
      t.b[1] = t.b[0] + kv_.value_steps_ * kTileRows;
      t.c = work.sums.data() + p * kTileRows * kTileRows;
      unit_->multiply(t);
    }
  }

  /// Sets what `seen` leaves out of a row of scores for keys [first, first + count) to -inf.
  void mask(float* row, std::size_t first, std::size_t count, const Visible& seen) const {
    if (seen.begin <= first && seen.end >= first + count) return;
    const std::size_t lanes = unit_ ? kTileRows : table_.width;
    const auto at = [&](std::size_t key) {
      return std::clamp<std::size_t>(key > first ? key - first : 0, 0, count);
    };
    const auto hide = [&](std::size_t from, std::size_t to) {
      for (std::size_t k = from; k < to; ++k)
        row[k / lanes * vector_stride() + k % lanes] = kMasked;
    };
    hide(0, at(seen.begin));
    const std::size_t end = std::max(at(seen.end), at(seen.begin));
    const std::size_t tree_begin = std::max(end, at(seen.tree_first));
    const std::size_t tree_end = std::max(tree_begin, at(seen.tree_first + seen.tree_count));
    hide(end, tree_begin);
    for (std::size_t k = tree_begin; k < tree_end; ++k) {
      if (!seen.tree[first + k - seen.tree_first]) hide(k, k + 1);
    }
    hide(tree_end, count);
  }

  void weigh(Work& work, std::size_t r, std::size_t count) const {
    ScoreRow row{};
    float* scores = work.scores.data() + place(r, kKeys);
    row.scores = scores;
    row.stride = vector_stride();
    row.vectors = count / table_.width;
    row.scale = scale_;
    row.top = work.tops.data() + r;
    row.total = work.total.data() + r * table_.width;
    row.weight_stride = unit_ ? kTileRows * kTileInputs : 2 * table_.width;
    row.weights =
        kv_.bf16_ ? static_cast<void*>(work.weights.data() + place_of_weights(r)) : scores;
    const float factor = (kv_.bf16_ ? table_.weigh_bf16 : table_.weigh_f32)(row);
    if (factor == 1.0f) return;
    float* sums = work.sums.data() + place(r, width_);
    for (std::size_t c = 0; c < width_; c += table_.width, sums += vector_stride()) {
      table_.scale(sums, table_.width, factor);
    }
  }

  void finish(Work& work, std::size_t kv_head, std::size_t first, std::size_t rows) const {
    const std::size_t size = kv_.head_size_;
    for (std::size_t r = 0; r < rows; ++r) {
      const float total = table_.sum(work.total.data() + r * table_.width);
      const float factor = total == 0.0f ? 0.0f : 1.0f / total;
      const float* sums = work.sums.data() + place(r, width_);
      float* out = out_ + (first + r) / group_ * out_stride_ +
                   (kv_head * group_ + (first + r) % group_) * size;
      const std::size_t lanes = unit_ ? kTileRows : width_;
      for (std::size_t c = 0; c < size; c += lanes, sums += vector_stride()) {
        const std::size_t n = std::min(lanes, size - c);
        for (std::size_t i = 0; i < n; ++i) out[c + i] = sums[i] * factor;
      }
    }
  }

  const VariantTable& table_;
  const TileUnit* unit_;
  const KeyValues& kv_;
  const float* query_;
  std::size_t query_stride_;
  std::size_t group_;
  std::size_t rows_;
  float scale_;
  const Visible* visible_;
  float* out_;
  std::size_t out_stride_;
  std::size_t block_rows_;
  std::size_t steps_;  ///< of a query, in words
  std::size_t width_;  ///< components with padding
};

void Kernels::attention(const float* query, std::size_t query_stride, std::size_t queries,
                        std::size_t heads, const KeyValues& kv, float scale, const Visible* visible,
                        float* out, std::size_t out_stride) const {
  Attention(*table_, kv, query, query_stride, queries, heads, scale, visible, out, out_stride)
      .run();
}

}  // namespace firstlight::kernels
