#include "variant.h"

#define FIRSTLIGHT_WIDTH 4
#define FIRSTLIGHT_ROWS 6
#define FIRSTLIGHT_FMA(a, b, c) ((a) * (b) + (c))
#define FIRSTLIGHT_TABLE float const*
#define FIRSTLIGHT_TABLE_FROM(values) (values)
#define FIRSTLIGHT_LOOKUP(table, index)                                        \
  (Vec{table[(index)[0] & 15], table[(index)[1] & 15], table[(index)[2] & 15], \
       table[(index)[3] & 15]})

namespace firstlight::kernels {
#include "variant.inc"

const VariantTable* portable_table() { return &kTable; }

}  // namespace firstlight::kernels
