#include <immintrin.h>

#include "variant.h"

#define FIRSTLIGHT_WIDTH 16
#define FIRSTLIGHT_ROWS 12
#define FIRSTLIGHT_FMA(a, b, c) _mm512_fmadd_ps(a, b, c)

namespace firstlight::kernels {
#include "variant.inc"

const VariantTable* avx512_table() { return &kTable; }

}  // namespace firstlight::kernels
