#include <immintrin.h>

#include "variant.h"

#define FIRSTLIGHT_WIDTH 8
#define FIRSTLIGHT_ROWS 6
#define FIRSTLIGHT_FMA(a, b, c) _mm256_fmadd_ps(a, b, c)

namespace firstlight::kernels {
#include "variant.inc"

const VariantTable* avx2_table() { return &kTable; }

}  // namespace firstlight::kernels
