#include <immintrin.h>

#include "variant.h"

#define FIRSTLIGHT_WIDTH 8
#define FIRSTLIGHT_ROWS 6
#define FIRSTLIGHT_FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define FIRSTLIGHT_TABLE Table
#define FIRSTLIGHT_TABLE_FROM(values) table_from(values)
#define FIRSTLIGHT_LOOKUP(table, index) lookup(table, reinterpret_cast<__m256i>(index))

namespace firstlight::kernels {
namespace {

struct Table {
  __m256 lower, upper;
};

inline Table table_from(const float* values) {
  return {_mm256_loadu_ps(values), _mm256_loadu_ps(values + 8)};
}

/// Of the index the permutations read the lowest 3 bits, and the blend the next one as a sign.
inline __m256 lookup(const Table& table, __m256i index) {
  const __m256 lower = _mm256_permutevar8x32_ps(table.lower, index);
  const __m256 upper = _mm256_permutevar8x32_ps(table.upper, index);
  return _mm256_blendv_ps(lower, upper, _mm256_castsi256_ps(_mm256_slli_epi32(index, 28)));
}

}  // namespace

#include "variant.inc"

const VariantTable* avx2_table() { return &kTable; }

}  // namespace firstlight::kernels
