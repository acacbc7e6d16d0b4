#include "variant.h"

#define FIRSTLIGHT_WIDTH 4
#define FIRSTLIGHT_ROWS 6
#define FIRSTLIGHT_FMA(a, b, c) ((a) * (b) + (c))

namespace firstlight::kernels {
#include "variant.inc"

const VariantTable* portable_table() { return &kTable; }

}  // namespace firstlight::kernels
