#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

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
      precision_(precision),
      interleaved_(kernels.table_->interleaved) {
  if (kernels.table_->tiles != nullptr && precision != Precision::kF32) {
    panel_ = kTileRows;
    steps_ = (columns + kTileInputs - 1) / kTileInputs * kTileInputs / 2;
  }
  const std::size_t panels = (rows + panel_ - 1) / panel_;
  if (precision == Precision::k4Bit) {
    data_.resize(panels * panel_ * (columns / 8));
    scales_.resize(panels * panel_ * (columns / kScaleBlock));
    scales_.fill(0.0f);
  } else {
    data_.resize(panels * panel_ * steps_);
  }
  data_.fill(0);
}

PackedMatrix::PackedMatrix(const Kernels& kernels, const std::array<float, 16>& values,
                           std::size_t rows, std::size_t columns, std::size_t block)
    : PackedMatrix(kernels,
                   columns % kScaleBlock == 0 && block % kScaleBlock == 0 ? Precision::k4Bit
                                                                          : Precision::kBf16,
                   rows, columns) {
  values_ = values;
  block_ = block;
}

void PackedMatrix::set_number(std::size_t row, std::size_t column, std::uint16_t bf16) {
  std::uint32_t& word = data_[(row / panel_ * steps_ + column / 2) * panel_ + row % panel_];
  const int shift = column % 2 ? 16 : 0;
  word = (word & ~(std::uint32_t{0xffff} << shift)) | std::uint32_t{bf16} << shift;
}

void PackedMatrix::set_rows(std::size_t first, std::size_t count, Source source, const void* data) {
  const auto* bytes = static_cast<const char*>(data);
  const bool same = precision_ == Precision::kBf16 && source == Source::kBf16;
  parallel_for(count, 64, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const std::size_t row = first + r;
      std::uint32_t* out = data_.data() + row / panel_ * panel_ * steps_ + row % panel_;
      const char* in = bytes + r * columns_ * size_of(source);
      std::size_t c = 0;
      if (same) {
        // Pairs are words already; a large model has billions of them.
        for (; c + 2 <= columns_; c += 2) std::memcpy(out + c / 2 * panel_, in + 2 * c, 4);
      }
      for (; c < columns_; ++c) {
        const float number = read_number(source, in, c);
        if (precision_ == Precision::kF32) {
          out[c * panel_] = __builtin_bit_cast(std::uint32_t, number);
        } else {
          set_number(row, c, bf16_from_f32(number));
        }
      }
    }
  });
}

PackedMatrix::Place PackedMatrix::place_of_code(std::size_t row, std::size_t column) const {
  const std::size_t in_group = column % 8;
  const std::size_t group = row / panel_ * (columns_ / 8) + column / 8;
  std::size_t lane = row % panel_;
  std::size_t half = in_group % 2;
  if (interleaved_) {
    // Of each vector of outputs the first half lies in the lower codes, the second in the upper.
    constexpr std::size_t kVector = 16;
    const std::size_t output = lane % kVector;
    half = output / (kVector / 2);
    lane = lane / kVector * kVector + 2 * (output % (kVector / 2)) + in_group % 2;
  }
  return {group * panel_ + lane, static_cast<int>(8 * (in_group / 2) + 4 * half)};
}

void PackedMatrix::set_codes(std::size_t first, std::size_t count, const std::uint8_t* codes,
                             const float* scales) {
  // Threads take whole panels: outputs of one panel share words.
  const std::size_t panels = (count + panel_ - 1) / panel_ + 1;
  parallel_for(panels, 1, [&](std::size_t begin, std::size_t end) {
    const std::size_t panel = first / panel_;
    const std::size_t from = std::max(first, (panel + begin) * panel_);
    const std::size_t to = std::min(first + count, (panel + end) * panel_);
    for (std::size_t row = from; row < to; ++row) {
      for (std::size_t c = 0; c < columns_; ++c) {
        const std::size_t number = (row - first) * columns_ + c;
        const std::uint32_t code = number % 2 ? codes[number / 2] & 15u : codes[number / 2] >> 4;
        float scale = scales[number / block_];
        if (std::isnan(scale)) scale = std::numeric_limits<float>::quiet_NaN();
        if (precision_ != Precision::k4Bit) {
          set_number(row, c, bf16_from_f32(values_[code] * scale));
          continue;
        }
        const Place place = place_of_code(row, c);
        std::uint32_t& word = data_[place.word];
        word = (word & ~(15u << place.shift)) | code << place.shift;
        if (c % kScaleBlock == 0) {
          scales_[(row / panel_ * (columns_ / kScaleBlock) + c / kScaleBlock) * panel_ +
                  row % panel_] = scale;
        }
      }
    }
  });
}

}  // namespace firstlight::kernels
