#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "firstlight/base/parallel.h"
#include "numbers.h"

namespace firstlight::kernels {
namespace {

class Attention : public testing::TestWithParam<Isa> {};

bool sees(const Visible& v, std::size_t key) {
  if (key >= v.begin && key < v.end) return true;
  return key >= v.tree_first && key < v.tree_first + v.tree_count && v.tree[key - v.tree_first];
}

struct Case {
  std::size_t heads, groups, size, queries, keys;
  std::vector<Visible> visible;
};

/// By the definition, in double precision.
std::vector<double> oracle(const Case& c, const std::vector<float>& q, const std::vector<float>& k,
                           const std::vector<float>& v, double scale) {
  std::vector<double> out(c.queries * c.heads * c.size);
  for (std::size_t i = 0; i < c.queries; ++i) {
    for (std::size_t h = 0; h < c.heads; ++h) {
      const std::size_t g = h / (c.heads / c.groups);
      std::vector<double> weight(c.keys, 0.0);
      double total = 0.0;
      for (std::size_t j = 0; j < c.keys; ++j) {
        if (!sees(c.visible[i], j)) continue;
        double dot = 0.0;
        for (std::size_t d = 0; d < c.size; ++d) {
          dot += static_cast<double>(q[(i * c.heads + h) * c.size + d]) *
                 k[(j * c.groups + g) * c.size + d];
        }
        weight[j] = std::exp(scale * dot);
        total += weight[j];
      }
      for (std::size_t d = 0; d < c.size; ++d) {
        double sum = 0.0;
        for (std::size_t j = 0; j < c.keys; ++j) {
          sum += weight[j] / total * v[(j * c.groups + g) * c.size + d];
        }
        out[(i * c.heads + h) * c.size + d] = sum;
      }
    }
  }
  return out;
}

std::vector<float> rounded(std::vector<float> x) {
  for (float& v : x) v = f32_from_bf16(bf16_from_f32(v));
  return x;
}

void check(const Kernels& kernels, const Case& c, Precision precision, double tolerance) {
  const std::vector<float> q = normal_numbers(c.queries * c.heads * c.size, 1);
  const std::vector<float> k = normal_numbers(c.keys * c.groups * c.size, 2);
  const std::vector<float> v = normal_numbers(c.keys * c.groups * c.size, 3);
  const float scale = 1.0f / std::sqrt(static_cast<float>(c.size));
  KeyValues kv(kernels, c.groups, c.size, c.keys, precision);
  const std::size_t stride = c.groups * c.size;
  const std::size_t first = c.keys / 3;
  kv.append(k.data(), v.data(), stride, first);
  kv.append(k.data() + first * stride, v.data() + first * stride, stride, c.keys - first);
  ASSERT_EQ(kv.size(), c.keys);
  std::vector<float> out(c.queries * c.heads * c.size);
  kernels.attention(q.data(), c.heads * c.size, c.queries, c.heads, kv, scale, c.visible.data(),
                    out.data(), c.heads * c.size);
  const std::vector<double> expected = precision == Precision::kF32
                                           ? oracle(c, q, k, v, scale)
                                           : oracle(c, rounded(q), rounded(k), rounded(v), scale);
  for (std::size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], expected[i], tolerance) << i;

  // One query at a time, in one thread, gives the same bits.
  const int threads = num_threads();
  set_num_threads(1);
  for (std::size_t i = 0; i < c.queries; ++i) {
    std::vector<float> row(c.heads * c.size);
    kernels.attention(q.data() + i * row.size(), row.size(), 1, c.heads, kv, scale, &c.visible[i],
                      row.data(), row.size());
    ASSERT_EQ(std::memcmp(row.data(), out.data() + i * row.size(), row.size() * sizeof(float)), 0)
        << "query " << i;
  }
  set_num_threads(threads);
}

void check(const Kernels& kernels, const Case& c) {
  check(kernels, c, Precision::kF32, 3e-6);
  // Weights of the average are rounded to 8 bits each.
  check(kernels, c, Precision::kBf16, 1.5e-2);
}

TEST_P(Attention, SeesEverything) {
  Case c{3, 3, 24, 65, 65, {}};
  c.visible.assign(c.queries, {0, c.keys});
  check(Kernels::get(GetParam()), c);
}

TEST_P(Attention, CausalWithGroupedHeads) {
  Case c{4, 2, 16, 50, 77, {}};
  for (std::size_t i = 0; i < c.queries; ++i) c.visible.push_back({0, 28 + i});
  check(Kernels::get(GetParam()), c);
}

TEST_P(Attention, SlidingWindow) {
  Case c{2, 1, 40, 90, 90, {}};
  for (std::size_t i = 0; i < c.queries; ++i) c.visible.push_back({i < 36 ? 0 : i - 36, i + 1});
  check(Kernels::get(GetParam()), c);
}

TEST_P(Attention, TreeOfAnswers) {
  // Context of 41 keys, then nodes 0 <- 1 <- 2 and 0 <- 3, 4 on its own.
  const std::vector<std::vector<std::uint8_t>> seen = {
      {1, 0, 0, 0, 0}, {1, 1, 0, 0, 0}, {1, 1, 1, 0, 0}, {1, 0, 0, 1, 0}, {0, 0, 0, 0, 1}};
  Case c{2, 2, 8, 5, 46, {}};
  for (const auto& row : seen) c.visible.push_back({0, 41, 41, 5, row.data()});
  check(Kernels::get(GetParam()), c);
}

TEST_P(Attention, SeveralBlocksOfKeysWithGroupsAndAWindow) {
  Case c{8, 2, 64, 75, 400, {}};
  for (std::size_t i = 0; i < c.queries; ++i)
    c.visible.push_back({i % 7 ? i : 140 + i, 325 + i + 1});
  check(Kernels::get(GetParam()), c);
}

TEST_P(Attention, PartOfTheKeysAsInCrossAttentionAndRowsThatSeeNone) {
  Case c{4, 4, 80, 9, 300, {}};
  for (std::size_t i = 0; i < c.queries; ++i) {
    c.visible.push_back(i % 3 == 0 ? Visible{} : i % 3 == 1 ? Visible{0, 150} : Visible{150, 300});
  }
  const Kernels& kernels = Kernels::get(GetParam());
  const std::vector<float> numbers = normal_numbers(c.keys * c.heads * c.size, 5);
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    KeyValues kv(kernels, c.groups, c.size, c.keys, precision);
    kv.append(numbers.data(), numbers.data(), c.heads * c.size, c.keys);
    std::vector<float> out(c.queries * c.heads * c.size, 7.0f);
    kernels.attention(numbers.data(), c.heads * c.size, c.queries, c.heads, kv, 0.1f,
                      c.visible.data(), out.data(), c.heads * c.size);
    for (std::size_t i = 0; i < c.heads * c.size; ++i) ASSERT_EQ(out[i], 0.0f);
  }
  for (Visible& v : c.visible) v.end = std::max<std::size_t>(v.end, 1);
  check(kernels, c);
}

TEST_P(Attention, LargeScoresDoNotOverflow) {
  const Kernels& kernels = Kernels::get(GetParam());
  // Score i / 4 at key i, up to 128: the last keys take all of the weight, e^-1/4 apart.
  const std::size_t keys = 512;
  std::vector<float> k(keys), v(keys);
  for (std::size_t i = 0; i < keys; ++i) {
    k[i] = static_cast<float>(i) * 0.25f;
    v[i] = static_cast<float>(i) / 512.0f;
  }
  const float q = 1.0f;
  const Visible all{0, keys};
  double top = 0.0, total = 0.0;
  for (std::size_t i = 0; i < keys; ++i) {
    const double w = std::exp(0.25 * (static_cast<double>(i) - 511.0));
    top += w * v[i];
    total += w;
  }
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    KeyValues kv(kernels, 1, 1, keys, precision);
    kv.append(k.data(), v.data(), 1, keys);
    float out = 0.0f;
    kernels.attention(&q, 1, 1, 1, kv, 1.0f, &all, &out, 1);
    EXPECT_NEAR(out, top / total, precision == Precision::kF32 ? 1e-6 : 5e-3);
  }
}

TEST_P(Attention, TakesOverAPrefix) {
  const Kernels& kernels = Kernels::get(GetParam());
  const std::size_t size = 12, keys = 45, prefix = 37;
  const std::vector<float> k = normal_numbers(keys * size, 2);
  const std::vector<float> v = normal_numbers(keys * size, 3);
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    KeyValues whole(kernels, 1, size, keys, precision);
    whole.append(k.data(), v.data(), size, keys);
    KeyValues start(kernels, 1, size, 40, precision);
    start.append(k.data(), v.data(), size, prefix);
    KeyValues joined(kernels, 1, size, 60, precision);
    joined.assign(start, prefix);
    joined.append(k.data() + prefix * size, v.data() + prefix * size, size, keys - prefix);
    const std::vector<float> q = normal_numbers(size, 4);
    const Visible all{0, keys};
    std::vector<float> a(size), b(size);
    kernels.attention(q.data(), size, 1, 1, whole, 0.3f, &all, a.data(), size);
    kernels.attention(q.data(), size, 1, 1, joined, 0.3f, &all, b.data(), size);
    EXPECT_EQ(a, b);
  }
}

TEST_P(Attention, ForgetsWhatAShortenedStateHeld) {
  const Kernels& kernels = Kernels::get(GetParam());
  const std::size_t size = 12, keys = 45;
  const std::vector<float> k = normal_numbers(keys * size, 2);
  const std::vector<float> v = normal_numbers(keys * size, 3);
  const std::vector<float> q = normal_numbers(size, 4);
  const std::vector<float> nan(keys * size, std::nanf(""));
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    for (const std::size_t kept : {0, 1, 16, 33, 44}) {
      const Visible seen{0, kept + 1};
      KeyValues fresh(kernels, 1, size, keys, precision);
      fresh.append(k.data(), v.data(), size, kept + 1);
      KeyValues used(kernels, 1, size, keys, precision);
      used.append(k.data(), v.data(), size, kept);
      used.append(nan.data(), nan.data(), size, keys - kept);
      used.shorten(kept);
      EXPECT_EQ(used.size(), kept);
      used.append(k.data() + kept * size, v.data() + kept * size, size, 1);
      std::vector<float> a(size), b(size);
      kernels.attention(q.data(), size, 1, 1, fresh, 0.3f, &seen, a.data(), size);
      kernels.attention(q.data(), size, 1, 1, used, 0.3f, &seen, b.data(), size);
      EXPECT_EQ(a, b) << kept;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, Attention, testing::ValuesIn(every_isa()),
                         [](const auto& p) { return to_string(p.param); });

}  // namespace
}  // namespace firstlight::kernels
