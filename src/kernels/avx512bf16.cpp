#include <immintrin.h>

#include "variant.h"

#define FIRSTLIGHT_WIDTH 16
#define FIRSTLIGHT_ROWS 12
#define FIRSTLIGHT_FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define FIRSTLIGHT_DOT_BF16(c, a, b)      \
  reinterpret_cast<Vec>(_mm512_dpbf16_ps( \
      reinterpret_cast<__m512>(c), reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b)))

namespace firstlight::kernels {
#include "variant.inc"

const VariantTable* avx512bf16_table() { return &kTable; }

}  // namespace firstlight::kernels
