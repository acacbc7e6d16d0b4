#include <immintrin.h>

#include "variant.h"

#define FIRSTLIGHT_WIDTH 16
#define FIRSTLIGHT_ROWS 12
#define FIRSTLIGHT_FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define FIRSTLIGHT_TABLE __m512
#define FIRSTLIGHT_TABLE_FROM(values) _mm512_loadu_ps(values)
#define FIRSTLIGHT_LOOKUP(table, index) \
  reinterpret_cast<Vec>(                \
      _mm512_maskz_permutexvar_ps(0xffff, reinterpret_cast<__m512i>(index), table))

namespace firstlight::kernels {
#include "variant.inc"

const VariantTable* avx512_table() { return &kTable; }

}  // namespace firstlight::kernels
