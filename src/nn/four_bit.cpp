#include "four_bit.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "firstlight/base/parallel.h"

namespace firstlight::nn {
namespace {

constexpr std::array<float, 16> kNf4 = {
    -1.0f,
    -0.6961928009986877f,
    -0.5250730514526367f,
    -0.39491748809814453f,
    -0.28444138169288635f,
    -0.18477343022823334f,
    -0.09105003625154495f,
    0.0f,
    0.07958029955625534f,
    0.16093020141124725f,
    0.24611230194568634f,
    0.33791524171829224f,
    0.44070982933044434f,
    0.5626170039176941f,
    0.7229568362236023f,
    1.0f,
};
constexpr std::array<float, 16> kFp4 = {
    0.0f, 0.0625f / 12,  8.0f / 12,  1.0f,  4.0f / 12,  6.0f / 12,  2.0f / 12,  3.0f / 12,
    0.0f, -0.0625f / 12, -8.0f / 12, -1.0f, -4.0f / 12, -6.0f / 12, -2.0f / 12, -3.0f / 12};

/// Places between -1 and 1 that the 8-bit search of bitsandbytes on the CPU distinguishes.
constexpr int kPlaces = 65536;

/// The table's borders, ascending, and the code between each two of them.
struct Search {
  std::array<float, 15> borders;
  std::array<std::uint8_t, 16> code;
};

Search make_search(FourBitType type) {
  const std::array<float, 16>& table = four_bit_table(type);
  Search s;
  std::iota(s.code.begin(), s.code.end(), std::uint8_t{0});
  // FP4 has two zeros: code 0 comes first and is what a zero becomes.
  std::stable_sort(s.code.begin(), s.code.end(),
                   [&](std::uint8_t a, std::uint8_t b) { return table[a] < table[b]; });
  for (std::size_t i = 0; i < 15; ++i) {
    s.borders[i] = (table[s.code[i]] + table[s.code[i + 1]]) / 2.0f;
  }
  return s;
}

std::uint8_t find_code(const Search& s, float x) {
  return s.code[static_cast<std::size_t>(std::lower_bound(s.borders.begin(), s.borders.end(), x) -
                                         s.borders.begin())];
}

std::array<float, 256> make_dynamic_table() {
  // Seven decades, each with twice as many numbers as the one below it: the middles of equal steps
  // from 0.1 to 1. Every operation is rounded as torch rounds it.
  std::array<float, 256> table{};
  std::size_t n = 0;
  for (int decade = 0; decade < 7; ++decade) {
    const int points = (1 << decade) + 1;
    const float step = (1.0f - 0.1f) / static_cast<float>(points - 1);
    const auto border = [&](int i) {
      return i < points / 2 ? std::fma(step, static_cast<float>(i), 0.1f)
                            : std::fma(-step, static_cast<float>(points - 1 - i), 1.0f);
    };
    const auto scale = static_cast<float>(std::pow(10.0, decade - 6));
    for (int i = 0; i + 1 < points; ++i) {
      const float middle = (border(i) + border(i + 1)) / 2.0f;
      table[n++] = scale * middle;
      table[n++] = -scale * middle;
    }
  }
  table[n++] = 0.0f;
  table[n++] = 1.0f;
  std::sort(table.begin(), table.end());
  return table;
}

/// The mean in f32 as torch has it on one thread: eight lanes of four running sums each, which move
/// up a level whenever a level's number of additions is full. In another order the last bit
/// differs.
float torch_mean(const std::vector<float>& x) {
  constexpr std::size_t kLanes = 8;
  constexpr std::size_t kSums = 4;
  constexpr std::size_t kLevels = 4;
  constexpr std::size_t kRow = kLanes * kSums;
  const std::size_t rows = x.size() / kRow;
  std::size_t bits = 0;  // of the number of rows, rounded up
  while ((std::size_t{1} << bits) < rows) ++bits;
  const std::size_t power = std::max<std::size_t>(4, bits / kLevels);
  const std::size_t step = std::size_t{1} << power;
  std::array<std::array<float, kRow>, kLevels> sums{};
  std::size_t row = 0;
  const auto add_row = [&] {
    for (std::size_t i = 0; i < kRow; ++i) sums[0][i] += x[row * kRow + i];
    ++row;
  };
  while (row + step <= rows) {
    for (std::size_t i = 0; i < step; ++i) add_row();
    for (std::size_t level = 1; level < kLevels; ++level) {
      for (std::size_t i = 0; i < kRow; ++i) sums[level][i] += sums[level - 1][i];
      sums[level - 1].fill(0.0f);
      if ((row & ((step - 1) << (level * power))) != 0) break;
    }
  }
  while (row < rows) add_row();
  for (std::size_t level = 1; level < kLevels; ++level) {
    for (std::size_t i = 0; i < kRow; ++i) sums[0][i] += sums[level][i];
  }
  const std::size_t vectors = x.size() / kLanes;
  for (std::size_t v = rows * kSums; v < vectors; ++v) {
    for (std::size_t i = 0; i < kLanes; ++i) sums[0][i] += x[v * kLanes + i];
  }
  for (std::size_t k = 1; k < kSums; ++k) {
    for (std::size_t i = 0; i < kLanes; ++i) sums[0][i] += sums[0][k * kLanes + i];
  }
  float total = 0.0f;
  for (std::size_t i = vectors * kLanes; i < x.size(); ++i) total += x[i];
  for (std::size_t i = 0; i < kLanes; ++i) total += sums[0][i];
  return total / static_cast<float>(x.size());
}

std::size_t blocks_of(std::size_t numbers, std::size_t block) {
  return (numbers + block - 1) / block;
}

}  // namespace

std::string to_string(FourBitType type) { return type == FourBitType::kNf4 ? "nf4" : "fp4"; }

std::optional<FourBitType> four_bit_type(std::string_view name) {
  if (name == "nf4") return FourBitType::kNf4;
  if (name == "fp4") return FourBitType::kFp4;
  return std::nullopt;
}

const std::array<float, 16>& four_bit_table(FourBitType type) {
  return type == FourBitType::kNf4 ? kNf4 : kFp4;
}

const std::array<float, 256>& dynamic_table() {
  static const std::array<float, 256> table = make_dynamic_table();
  return table;
}

NestedAbsmax nest_absmax(const std::vector<float>& absmax) {
  static const std::vector<std::uint8_t> nearest = [] {
    const std::array<float, 256>& t = dynamic_table();
    std::vector<std::uint8_t> codes(kPlaces);
    std::size_t code = 0;
    for (int i = 0; i < kPlaces; ++i) {
      const float x = -1.0f + 2.0f * static_cast<float>(i) / static_cast<float>(kPlaces - 1);
      while (code < 255 && std::abs(x - t[code + 1]) < std::abs(x - t[code])) ++code;
      codes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(code);
    }
    return codes;
  }();
  NestedAbsmax nested;
  nested.offset = torch_mean(absmax);
  nested.codes.resize(absmax.size());
  for (std::size_t first = 0; first < absmax.size(); first += NestedAbsmax::kBlock) {
    const std::size_t end = std::min(absmax.size(), first + NestedAbsmax::kBlock);
    float largest = 0.0f;
    for (std::size_t i = first; i < end; ++i) {
      largest = std::max(largest, std::abs(absmax[i] - nested.offset));
    }
    nested.absmax.push_back(largest);
    for (std::size_t i = first; i < end; ++i) {
      const float x = largest > 0.0f ? (absmax[i] - nested.offset) / largest : 0.0f;
      const float place = (std::clamp(x, -1.0f, 1.0f) + 1.0f) * 0.5f * (kPlaces - 1);
      nested.codes[i] = nearest[static_cast<std::size_t>(std::lround(place))];
    }
  }
  return nested;
}

std::vector<float> unnest_absmax(const NestedAbsmax& nested, const float* table) {
  std::vector<float> absmax(nested.codes.size());
  for (std::size_t i = 0; i < absmax.size(); ++i) {
    const float scaled = table[nested.codes[i]] * nested.absmax[i / NestedAbsmax::kBlock];
    absmax[i] = scaled + nested.offset;
  }
  return absmax;
}

FourBitMatrix FourBitMatrix::make(FourBitType type, std::size_t rows, std::size_t columns,
                                  std::size_t block) {
  FourBitMatrix m;
  m.type = type;
  m.rows = rows;
  m.columns = columns;
  m.block = block;
  m.codes.resize((rows * columns + 1) / 2);
  m.absmax.resize(blocks_of(rows * columns, block));
  return m;
}

FourBitMatrix FourBitMatrix::quantize(FourBitType type, std::size_t rows, std::size_t columns,
                                      std::size_t block, kernels::Source source, const void* data) {
  FourBitMatrix m = make(type, rows, columns, block);
  const std::size_t numbers = rows * columns;
  const Search search = make_search(type);
  parallel_for(m.absmax.size(), 64, [&](std::size_t begin, std::size_t end) {
    std::vector<float> x(block);
    for (std::size_t b = begin; b < end; ++b) {
      const std::size_t first = b * block;
      const std::size_t count = std::min(block, numbers - first);
      float largest = 0.0f;
      for (std::size_t i = 0; i < count; ++i) {
        x[i] = kernels::read_number(source, data, first + i);
        largest = std::max(largest, std::abs(x[i]));
      }
      // As bitsandbytes: a whole block is multiplied by the inverse, the rest at the end divided.
      const float safe = std::max(largest, 1e-38f);
      const bool whole = count == block;
      m.absmax[b] = whole ? largest : safe;
      const float inverse = 1.0f / safe;
      for (std::size_t i = 0; i < count; ++i) {
        const float scaled = std::clamp(whole ? x[i] * inverse : x[i] / safe, -1.0f, 1.0f);
        const std::uint8_t code = find_code(search, scaled);
        std::uint8_t& byte = m.codes[(first + i) / 2];
        byte = (first + i) % 2 == 0 ? static_cast<std::uint8_t>(code << 4)
                                    : static_cast<std::uint8_t>(byte | code);
      }
    }
  });
  if (numbers % 2 != 0) {
    // The half of a byte that is left is what a zero becomes.
    m.codes[numbers / 2] =
        static_cast<std::uint8_t>(m.codes[numbers / 2] | find_code(search, 0.0f));
  }
  return m;
}

void FourBitMatrix::dequantize(std::size_t first, std::size_t count, float* out) const {
  const std::array<float, 16>& table = four_bit_table(type);
  parallel_for(count, 16, [&](std::size_t begin, std::size_t end) {
    std::size_t place = (first + begin) * columns;
    const std::size_t last = (first + end) * columns;
    float* y = out + begin * columns;
    while (place < last) {
      const std::size_t stop = std::min(last, (place / block + 1) * block);
      const float scale = absmax[place / block];
      for (; place < stop; ++place) {
        const std::uint8_t byte = codes[place / 2];
        *y++ = table[place % 2 == 0 ? byte >> 4 : byte & 15] * scale;
      }
    }
  });
}

}  // namespace firstlight::nn
