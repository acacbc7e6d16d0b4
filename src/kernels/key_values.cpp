#include <algorithm>
#include <cstring>

#include "firstlight/base/parallel.h"
#include "firstlight/kernels/kernels.h"
#include "variant.h"

namespace firstlight::kernels {
namespace {

/// bf16_from_f32, in place: a prompt has millions of these numbers.
inline std::uint32_t rounded(float x) {
  const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (bits | 0x400000u) >> 16;
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

}  // namespace

KeyValues::KeyValues(const Kernels& kernels, std::size_t heads, std::size_t head_size,
                     std::size_t capacity, Precision precision)
    : heads_(heads),
      head_size_(head_size),
      panel_(kernels.table_->panel),
      bf16_(precision != Precision::kF32) {
  const bool tiles = bf16_ && kernels.table_->tiles != nullptr;
  if (tiles) panel_ = kTileRows;
  const std::size_t unit = std::max(panel_, 2 * kTileRows);
  capacity_ = (capacity + unit - 1) / unit * unit;
  key_steps_ = bf16_ ? (head_size + 1) / 2 : head_size;
  if (tiles) key_steps_ = (key_steps_ + kTileRows - 1) / kTileRows * kTileRows;
  value_steps_ = bf16_ ? capacity_ / 2 : capacity_;
  value_panels_ = (head_size + panel_ - 1) / panel_;
  // Whole panels are read, so what lies behind the last key and component must be numbers.
  keys_.resize(heads_ * capacity_ * key_steps_);
  keys_.fill(0);
  values_.resize(heads_ * value_panels_ * value_steps_ * panel_);
  values_.fill(0);
}

void KeyValues::append(const float* key, const float* value, std::size_t stride,
                       std::size_t count) {
  parallel_for(heads_, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t h = begin; h < end; ++h) {
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t n = size_ + i;
        const float* k = key + i * stride + h * head_size_;
        const float* v = value + i * stride + h * head_size_;
        std::uint32_t* to_key =
            keys_.data() + (h * capacity_ + n / panel_ * panel_) * key_steps_ + n % panel_;
        std::uint32_t* to_value =
            values_.data() + (h * value_panels_ * value_steps_ + (bf16_ ? n / 2 : n)) * panel_;
        if (!bf16_) {
          for (std::size_t d = 0; d < head_size_; ++d) {
            to_key[d * panel_] = __builtin_bit_cast(std::uint32_t, k[d]);
          }
        } else {
          for (std::size_t d = 0; d + 1 < head_size_; d += 2) {
            to_key[d / 2 * panel_] = rounded(k[d]) | rounded(k[d + 1]) << 16;
          }
          if (head_size_ % 2) to_key[head_size_ / 2 * panel_] = rounded(k[head_size_ - 1]);
        }
        // Of two rows in a word the first one takes the word.
        for (std::size_t first = 0; first < head_size_; first += panel_) {
          const std::size_t last = std::min(head_size_, first + panel_);
          std::uint32_t* word = to_value + first * value_steps_;
          if (!bf16_) {
            for (std::size_t d = first; d < last; ++d) {
              *word++ = __builtin_bit_cast(std::uint32_t, v[d]);
            }
          } else if (n % 2 == 0) {
            for (std::size_t d = first; d < last; ++d) *word++ = rounded(v[d]);
          } else {
            for (std::size_t d = first; d < last; ++d, ++word) {
              *word = (*word & 0xffffu) | rounded(v[d]) << 16;
            }
          }
        }
      }
    }
  });
  size_ += count;
}

void KeyValues::shorten(std::size_t count) {
  // Whole panels are read, with weights of 0 for what lies behind the last row: only what is no
  // finite number would show there.
  for (std::size_t h = 0; h < heads_; ++h) {
    for (std::size_t n = count; n < size_; ++n) {
      std::uint32_t* key =
          keys_.data() + (h * capacity_ + n / panel_ * panel_) * key_steps_ + n % panel_;
      for (std::size_t step = 0; step < key_steps_; ++step) key[step * panel_] = 0;
    }
    // Of two bf16 rows in a word the first may stay.
    const bool half = bf16_ && count % 2 == 1 && count < size_;
    const std::size_t first = bf16_ ? (count + 1) / 2 : count;
    const std::size_t last = bf16_ ? (size_ + 1) / 2 : size_;
    for (std::size_t p = 0; p < value_panels_; ++p) {
      std::uint32_t* value = values_.data() + (h * value_panels_ + p) * value_steps_ * panel_;
      for (std::size_t i = 0; half && i < panel_; ++i) value[(first - 1) * panel_ + i] &= 0xffffu;
      std::fill(value + first * panel_, value + last * panel_, 0u);
    }
  }
  size_ = count;
}

void KeyValues::assign(const KeyValues& other, std::size_t count) {
  const std::size_t keys = (count + panel_ - 1) / panel_ * panel_;
  const std::size_t steps = bf16_ ? (count + 1) / 2 : count;
  for (std::size_t h = 0; h < heads_; ++h) {
    std::memcpy(keys_.data() + h * capacity_ * key_steps_,
                other.keys_.data() + h * other.capacity_ * key_steps_,
                keys * key_steps_ * sizeof(std::uint32_t));
    for (std::size_t p = 0; p < value_panels_; ++p) {
      std::memcpy(values_.data() + (h * value_panels_ + p) * value_steps_ * panel_,
                  other.values_.data() + (h * value_panels_ + p) * other.value_steps_ * panel_,
                  steps * panel_ * sizeof(std::uint32_t));
    }
  }
  size_ = count;
}

}  // namespace firstlight::kernels
