#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace firstlight::kernels {

/// Instruction sets that the kernels are compiled for, from the slowest to the fastest.
enum class Isa {
  kPortable,    ///< what the compiler's base target has
  kAvx2,        ///< AVX2 and FMA
  kAvx512,      ///< AVX-512 F, BW, DQ and VL
  kAvx512Bf16,  ///< the same and AVX512-BF16
  kAmx,         ///< the same and AMX-BF16: products of bf16 in tiles of 16 x 16
};

/// "portable", "avx2", "avx512", "avx512bf16", "amx".
std::string to_string(Isa isa);

/// What this machine and this build can run, slowest first; never empty.
std::vector<Isa> available_isas();

/// The one in use: what the environment variable FIRSTLIGHT_ISA names, else the fastest available.
/// Throws Error::usage where the variable names an unknown or unavailable set.
Isa active_isa();

}  // namespace firstlight::kernels
