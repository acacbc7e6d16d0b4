#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>

#include "firstlight/base/parallel.h"
#include "numbers.h"

namespace firstlight::kernels {
namespace {

struct Shape {
  std::size_t m, n, k;
};
// Around the tile edges of every variant, and one with several blocks of k.
constexpr Shape kShapes[] = {{1, 1, 1},     {1, 200, 33},  {2, 70, 16},   {3, 64, 65},
                             {5, 31, 7},    {12, 32, 64},  {13, 33, 129}, {65, 96, 192},
                             {7, 40, 2600}, {1, 129, 2049}};

class Linear : public testing::TestWithParam<Isa> {};

std::vector<float> rounded(std::vector<float> x) {
  for (float& v : x) v = f32_from_bf16(bf16_from_f32(v));
  return x;
}

TEST_P(Linear, EqualsTheSumInDoublePrecision) {
  const Kernels& kernels = Kernels::get(GetParam());
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    for (const Shape& s : kShapes) {
      std::vector<float> x = normal_numbers(s.m * s.k, 1);
      std::vector<float> w = normal_numbers(s.n * s.k, 2);
      const std::vector<float> bias = normal_numbers(s.n, 3);
      PackedMatrix packed(kernels, precision, s.n, s.k);
      packed.set_rows(0, s.n, Source::kF32, w.data());
      std::vector<float> y(s.m * s.n, 0.5f);
      kernels.linear(packed, bias.data(), x.data(), s.m, s.k, y.data(), s.n, true);
      if (precision == Precision::kBf16) {
        x = rounded(x);
        w = rounded(w);
      }
      for (std::size_t i = 0; i < s.m; ++i) {
        for (std::size_t j = 0; j < s.n; ++j) {
          double sum = 0.5 + bias[j];
          for (std::size_t k = 0; k < s.k; ++k) {
            sum += static_cast<double>(x[i * s.k + k]) * w[j * s.k + k];
          }
          ASSERT_NEAR(y[i * s.n + j], sum, 2e-6 * std::sqrt(s.k) * 6 + 1e-6)
              << s.m << " " << s.n << " " << s.k << " at " << i << "," << j;
        }
      }
    }
  }
}

TEST_P(Linear, HasTheSameBitsForAnyNumberOfRowsAndThreads) {
  const Kernels& kernels = Kernels::get(GetParam());
  const int threads = num_threads();
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    const std::size_t m = 61, n = 230, k = 2100;
    const std::vector<float> x = normal_numbers(m * k, 4);
    const std::vector<float> w = normal_numbers(n * k, 5);
    PackedMatrix packed(kernels, precision, n, k);
    packed.set_rows(0, n, Source::kF32, w.data());
    std::vector<float> whole(m * n);
    set_num_threads(1);
    kernels.linear(packed, nullptr, x.data(), m, k, whole.data(), n);
    for (const int t : {1, 2}) {
      set_num_threads(t);
      for (const std::size_t batch : {1, 2, 3, 4, 8, 12, 61}) {
        std::vector<float> y(m * n);
        for (std::size_t i = 0; i < m; i += batch) {
          kernels.linear(packed, nullptr, x.data() + i * k, std::min(batch, m - i), k,
                         y.data() + i * n, n);
        }
        ASSERT_EQ(std::memcmp(y.data(), whole.data(), y.size() * sizeof(float)), 0)
            << "batch " << batch << ", threads " << t;
      }
    }
  }
  set_num_threads(threads);
}

TEST_P(Linear, PacksEveryNumberTypeAndRowsInParts) {
  const Kernels& kernels = Kernels::get(GetParam());
  const std::vector<std::uint16_t> bf16 = {0x3f80, 0x4000, 0x4040, 0x4080};  // 1 2 3 4
  const std::vector<std::uint16_t> f16 = {0x3c00, 0xc000};                   // 1 -2
  PackedMatrix packed(kernels, Precision::kF32, 3, 2);
  packed.set_rows(1, 2, Source::kBf16, bf16.data());
  packed.set_rows(0, 1, Source::kF16, f16.data());
  const float x[] = {10.0f, 1.0f};
  float y[3];
  kernels.linear(packed, nullptr, x, 1, 2, y, 3);
  EXPECT_EQ(y[0], 8.0f);
  EXPECT_EQ(y[1], 12.0f);
  EXPECT_EQ(y[2], 34.0f);
}

/// The codes' values of a test: no two alike, and none a round number.
std::array<float, 16> code_values() {
  std::array<float, 16> values;
  for (int i = 0; i < 16; ++i) values[i] = static_cast<float>(std::sin(i - 7.4));
  return values;
}

TEST_P(Linear, FourBitsGiveTheBitsOfTheWeightsThatTheyStandFor) {
  const Kernels& kernels = Kernels::get(GetParam());
  struct FourBitShape {
    std::size_t m, n, k, block;
  };
  // Blocks within rows, several blocks of inputs, blocks that span rows, short and long blocks.
  for (const FourBitShape& s : {FourBitShape{3, 70, 64, 64},
                                {1, 200, 192, 64},
                                {40, 33, 4544, 64},
                                {700, 48, 128, 64},
                                {330, 544, 1088, 64},
                                {5, 31, 72, 64},
                                {2, 9, 33, 64},
                                {4, 10, 128, 32},
                                {6, 33, 192, 256}}) {
    Random random(6);
    const std::array<float, 16> values = code_values();
    std::vector<std::uint8_t> codes((s.n * s.k + 1) / 2);
    for (std::uint8_t& c : codes) c = static_cast<std::uint8_t>(random.below(256));
    const std::vector<float> scales = normal_numbers((s.n * s.k + s.block - 1) / s.block, 7);
    std::vector<float> w(s.n * s.k);
    for (std::size_t i = 0; i < w.size(); ++i) {
      const int code = i % 2 ? codes[i / 2] & 15 : codes[i / 2] >> 4;
      w[i] = f32_from_bf16(bf16_from_f32(values[code] * scales[i / s.block]));
    }
    const std::vector<float> x = normal_numbers(s.m * s.k, 8);
    PackedMatrix plain(kernels, Precision::kBf16, s.n, s.k);
    plain.set_rows(0, s.n, Source::kF32, w.data());
    PackedMatrix packed(kernels, values, s.n, s.k, s.block);
    packed.set_codes(0, s.n, codes.data(), scales.data());
    const bool packs = s.k % 64 == 0 && s.block % 64 == 0;
    EXPECT_EQ(packed.precision(), packs ? Precision::k4Bit : Precision::kBf16);
    std::vector<float> expected(s.m * s.n), y(s.m * s.n);
    kernels.linear(plain, nullptr, x.data(), s.m, s.k, expected.data(), s.n);
    kernels.linear(packed, nullptr, x.data(), s.m, s.k, y.data(), s.n);
    ASSERT_EQ(std::memcmp(y.data(), expected.data(), y.size() * sizeof(float)), 0)
        << s.m << " " << s.n << " " << s.k;
    if (s.n % 2) continue;
    kernels.gated_linear(plain, nullptr, Activation::kSilu, x.data(), s.m, s.k, expected.data());
    kernels.gated_linear(packed, nullptr, Activation::kSilu, x.data(), s.m, s.k, y.data());
    ASSERT_EQ(std::memcmp(y.data(), expected.data(), s.m * s.n / 2 * sizeof(float)), 0)
        << "gated " << s.m << " " << s.n << " " << s.k;
  }
}

TEST_P(Linear, FourBitPartsStandSideBySide) {
  const Kernels& kernels = Kernels::get(GetParam());
  std::array<float, 16> values{};
  for (int i = 0; i < 16; ++i) values[i] = static_cast<float>(i);
  // Two parts, the second at a row inside a panel; every number of row r is r + 1.
  PackedMatrix packed(kernels, values, 7, 64);
  for (const std::size_t first : {std::size_t{0}, std::size_t{3}}) {
    const std::size_t count = first == 0 ? 3 : 4;
    std::vector<std::uint8_t> codes(count * 32);
    for (std::size_t i = 0; i < codes.size(); ++i) {
      codes[i] = static_cast<std::uint8_t>((first + i / 32 + 1) * 0x11);
    }
    const std::vector<float> scales(count, 0.5f);
    packed.set_codes(first, count, codes.data(), scales.data());
  }
  const std::vector<float> x(64, 1.0f);
  float y[7];
  kernels.linear(packed, nullptr, x.data(), 1, 64, y, 7);
  for (int r = 0; r < 7; ++r) EXPECT_EQ(y[r], 32.0f * static_cast<float>(r + 1));
}

TEST_P(Linear, GatedHasTheBitsOfTheProductAndThenTheGate) {
  const Kernels& kernels = Kernels::get(GetParam());
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    for (const Shape& s : {Shape{1, 32, 40}, {3, 80, 600}, {37, 96, 600}, {350, 19, 64}}) {
      const std::vector<float> x = normal_numbers(s.m * s.k, 4);
      const std::vector<float> w = normal_numbers(2 * s.n * s.k, 5, 0.1);
      const std::vector<float> bias = normal_numbers(2 * s.n, 6);
      PackedMatrix packed(kernels, precision, 2 * s.n, s.k);
      packed.set_rows(0, 2 * s.n, Source::kF32, w.data());
      for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
        std::vector<float> both(s.m * 2 * s.n), expected(s.m * s.n), y(s.m * s.n);
        kernels.linear(packed, b, x.data(), s.m, s.k, both.data(), 2 * s.n);
        kernels.gate(Activation::kSilu, both.data(), s.m, s.n, 2 * s.n, expected.data());
        kernels.gated_linear(packed, b, Activation::kSilu, x.data(), s.m, s.k, y.data());
        ASSERT_EQ(std::memcmp(y.data(), expected.data(), y.size() * sizeof(float)), 0)
            << s.m << " " << s.n << " " << s.k;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, Linear, testing::ValuesIn(every_isa()),
                         [](const auto& p) { return to_string(p.param); });

}  // namespace
}  // namespace firstlight::kernels
