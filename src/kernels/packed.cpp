#include <algorithm>
#include <cstring>

#include "firstlight/base/parallel.h"
#include "firstlight/kernels/kernels.h"
#include "variant.h"

namespace firstlight::kernels {

PackedMatrix::PackedMatrix(const Kernels& kernels, Precision precision, std::size_t rows,
                           std::size_t columns)
    : rows_(rows),
      columns_(columns),
      steps_(precision == Precision::kF32 ? columns : (columns + 1) / 2),
      panel_(kernels.table_->panel),
      precision_(precision) {
  if (kernels.table_->tiles != nullptr && precision == Precision::kBf16) {
    panel_ = kTileRows;
    steps_ = (columns + kTileInputs - 1) / kTileInputs * kTileInputs / 2;
  }
  const std::size_t panels = (rows + panel_ - 1) / panel_;
  data_.resize(panels * panel_ * steps_);
  data_.fill(0);
}

void PackedMatrix::set_rows(std::size_t first, std::size_t count, Source source, const void* data) {
  const auto* bytes = static_cast<const char*>(data);
  parallel_for(count, 64, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const std::size_t row = first + r;
      std::uint32_t* out = data_.data() + row / panel_ * panel_ * steps_ + row % panel_;
      const char* in = bytes + r * columns_ * size_of(source);
      const std::size_t used = precision_ == Precision::kF32 ? columns_ : (columns_ + 1) / 2;
      for (std::size_t s = 0; s < used; ++s) {
        if (precision_ == Precision::kF32) {
          out[s * panel_] = __builtin_bit_cast(std::uint32_t, read_number(source, in, s));
          continue;
        }
        std::uint32_t pair[2] = {0, 0};
        for (std::size_t i = 0; i < 2 && 2 * s + i < columns_; ++i) {
          pair[i] = bf16_from_f32(read_number(source, in, 2 * s + i));
        }
        out[s * panel_] = pair[0] | (pair[1] << 16);
      }
    }
  });
}

KeyValues::KeyValues(const Kernels& kernels, std::size_t heads, std::size_t head_size,
                     std::size_t capacity)
    : heads_(heads), head_size_(head_size), panel_(kernels.table_->panel) {
  capacity_ = (capacity + panel_ - 1) / panel_ * panel_;
  value_stride_ = (head_size + panel_ - 1) / panel_ * panel_;
  // Whole panels are read, so what lies behind the last key and component must be numbers.
  keys_.resize(heads_ * capacity_ * head_size_);
  keys_.fill(0.0f);
  values_.resize(heads_ * capacity_ * value_stride_);
  values_.fill(0.0f);
}

void KeyValues::append(const float* key, const float* value, std::size_t stride,
                       std::size_t count) {
  parallel_for(heads_, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t h = begin; h < end; ++h) {
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t n = size_ + i;
        const float* k = key + i * stride + h * head_size_;
        float* out = keys_.data() + (h * capacity_ + n / panel_ * panel_) * head_size_ + n % panel_;
        for (std::size_t d = 0; d < head_size_; ++d) out[d * panel_] = k[d];
        std::memcpy(values_.data() + (h * capacity_ + n) * value_stride_,
                    value + i * stride + h * head_size_, head_size_ * sizeof(float));
      }
    }
  });
  size_ += count;
}

void KeyValues::assign(const KeyValues& other, std::size_t count) {
  const std::size_t panels = (count + panel_ - 1) / panel_ * panel_;
  for (std::size_t h = 0; h < heads_; ++h) {
    std::memcpy(keys_.data() + h * capacity_ * head_size_,
                other.keys_.data() + h * other.capacity_ * head_size_,
                panels * head_size_ * sizeof(float));
    std::memcpy(values_.data() + h * capacity_ * value_stride_,
                other.values_.data() + h * other.capacity_ * value_stride_,
                count * value_stride_ * sizeof(float));
  }
  size_ = count;
}

}  // namespace firstlight::kernels
