#pragma once

#include <immintrin.h>

/// The macros of variant.inc for instruction sets with AVX512-BF16 (avx512bf16.cpp, amx.cpp).
#define FIRSTLIGHT_WIDTH 16
#define FIRSTLIGHT_ROWS 12
#define FIRSTLIGHT_FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define FIRSTLIGHT_DOT_BF16(c, a, b)      \
  reinterpret_cast<Vec>(_mm512_dpbf16_ps( \
      reinterpret_cast<__m512>(c), reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b)))
#define FIRSTLIGHT_TABLE __m512
#define FIRSTLIGHT_TABLE_FROM(values) _mm512_loadu_ps(values)
#define FIRSTLIGHT_LOOKUP(table, index) \
  reinterpret_cast<Vec>(                \
      _mm512_maskz_permutexvar_ps(0xffff, reinterpret_cast<__m512i>(index), table))
#define FIRSTLIGHT_TO_WORDS(lower, upper) \
  reinterpret_cast<Int>(                  \
      _mm512_cvtne2ps_pbh(reinterpret_cast<__m512>(upper), reinterpret_cast<__m512>(lower)))
