#include <algorithm>
#include <limits>

#include "firstlight/base/parallel.h"
#include "firstlight/kernels/kernels.h"
#include "variant.h"

namespace firstlight::kernels {
namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();

/// Sets what `seen` leaves out of a row of scores for keys [first, first + count) to -inf.
void mask_row(float* row, std::size_t first, std::size_t count, const Visible& seen) {
  const auto at = [&](std::size_t key) {
    return std::clamp<std::size_t>(key > first ? key - first : 0, 0, count);
  };
  std::fill(row, row + at(seen.begin), kMasked);
  const std::size_t end = std::max(at(seen.end), at(seen.begin));
  if (seen.tree_count == 0) {
    std::fill(row + end, row + count, kMasked);
    return;
  }
  std::fill(row + end, row + std::max(end, at(seen.tree_first)), kMasked);
  for (std::size_t i = 0; i < seen.tree_count; ++i) {
    const std::size_t key = at(seen.tree_first + i);
    if (!seen.tree[i] && key >= end && key < count) row[key] = kMasked;
  }
  std::fill(row + std::max(end, at(seen.tree_first + seen.tree_count)), row + count, kMasked);
}

std::size_t last_of(const Visible& seen) {
  std::size_t last = seen.end;
  for (std::size_t i = seen.tree_count; i > 0; --i) {
    if (seen.tree[i - 1]) return std::max(last, seen.tree_first + i);
  }
  return last;
}

}  // namespace

void Kernels::attention(const float* query, std::size_t query_stride, std::size_t queries,
                        std::size_t heads, const KeyValues& kv, float scale, const Visible* visible,
                        float* out, std::size_t out_stride) const {
  const VariantTable& table = *table_;
  const std::size_t panel = table.panel;
  const std::size_t size = kv.head_size_;
  const std::size_t group = heads / kv.heads_;
  // Two tiles of rows a block: the block's scores stay in the second-level cache, and what is
  // computed beyond the diagonal stays small.
  const std::size_t block = 2 * static_cast<std::size_t>(table.max_rows);
  const std::size_t blocks = (queries + block - 1) / block;

  parallel_for(heads * blocks, 1, [&](std::size_t begin, std::size_t end) {
    thread_local Buffer<float> scores;
    thread_local Buffer<float> scaled;
    for (std::size_t job = begin; job < end; ++job) {
      const std::size_t head = job / blocks;
      const std::size_t first_row = job % blocks * block;
      const std::size_t rows = std::min(block, queries - first_row);
      std::size_t first_key = kv.size_;
      std::size_t key_end = 0;
      for (std::size_t r = 0; r < rows; ++r) {
        first_key = std::min(first_key, visible[first_row + r].begin);
        key_end = std::max(key_end, last_of(visible[first_row + r]));
      }
      // From a panel's edge, so that a key's place in the vector sums is always the same.
      first_key = first_key / panel * panel;
      const std::size_t keys = (key_end - first_key + panel - 1) / panel * panel;
      scores.resize(rows * keys);
      scaled.resize(rows * size);
      for (std::size_t r = 0; r < rows; ++r) {
        const float* q = query + (first_row + r) * query_stride + head * size;
        for (std::size_t d = 0; d < size; ++d) scaled[r * size + d] = q[d] * scale;
      }
      const std::size_t kv_head = head / group;
      const float* k = kv.keys_.data() + (kv_head * kv.capacity_ + first_key) * size;
      const float* v = kv.values_.data() + (kv_head * kv.capacity_ + first_key) * kv.value_stride_;
      const auto step = static_cast<std::size_t>(table.max_rows);
      for (std::size_t p = 0; p < keys; p += panel) {
        for (std::size_t r = 0; r < rows; r += step) {
          Tile t{};
          t.a = scaled.data() + r * size;
          t.a_stride = size;
          t.b = k + p * size;
          t.b_step = panel;
          t.k = size;
          t.c = scores.data() + r * keys + p;
          t.c_stride = keys;
          t.rows = static_cast<int>(std::min(step, rows - r));
          t.cols = static_cast<int>(panel);
          table.tile_f32(t);
        }
      }
      for (std::size_t r = 0; r < rows; ++r) {
        mask_row(scores.data() + r * keys, first_key, keys, visible[first_row + r]);
        table.softmax(scores.data() + r * keys, keys);
      }
      for (std::size_t c = 0; c < size; c += panel) {
        for (std::size_t r = 0; r < rows; r += step) {
          Tile t{};
          t.a = scores.data() + r * keys;
          t.a_stride = keys;
          t.b = v + c;
          t.b_step = kv.value_stride_;
          t.k = std::min(keys, key_end - first_key);
          t.c = out + (first_row + r) * out_stride + head * size + c;
          t.c_stride = out_stride;
          t.rows = static_cast<int>(std::min(step, rows - r));
          t.cols = static_cast<int>(std::min(panel, size - c));
          table.tile_f32(t);
        }
      }
    }
  });
}

}  // namespace firstlight::kernels
