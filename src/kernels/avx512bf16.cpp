#include "avx512bf16.h"

#include "variant.h"

namespace firstlight::kernels {
#include "variant.inc"

const VariantTable* avx512bf16_table() { return &kTable; }

}  // namespace firstlight::kernels
