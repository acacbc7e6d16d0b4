#include "variant.h"

#define FIRSTLIGHT_WIDTH 4
#define FIRSTLIGHT_ROWS 6
#define FIRSTLIGHT_FMA(a, b, c) ((a) * (b) + (c))
#define FIRSTLIGHT_LOOKUP(values, index)                                          \
  (Vec{values[(index)[0] & 15], values[(index)[1] & 15], values[(index)[2] & 15], \
       values[(index)[3] & 15]})

namespace firstlight::kernels {
#include "variant.inc"

const VariantTable* portable_table() { return &kTable; }

}  // namespace firstlight::kernels
