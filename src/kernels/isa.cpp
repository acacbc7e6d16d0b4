#include "firstlight/kernels/isa.h"

#include <cstdlib>

#ifdef FIRSTLIGHT_X86
#include <cpuid.h>
#endif
#if defined(FIRSTLIGHT_X86) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/kernels/kernels.h"
#include "variant.h"

namespace firstlight::kernels {
namespace {

#ifdef FIRSTLIGHT_X86
/// Linux lets a process use the tile registers only after it has asked for them.
bool tiles_permitted() {
#ifdef __linux__
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // state component of the tile registers
  static const bool granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted;
#else
  return false;
#endif
}

/// Features that not every compiler's __builtin_cpu_supports knows. Whether the system saves the
/// registers of AVX is asked elsewhere.
struct OtherFeatures {
  bool f16c = false;
  bool avx512bf16 = false;
  bool amx = false;
};

OtherFeatures other_features() {
  OtherFeatures found;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(1, 0, &a, &b, &c, &d) != 0) found.f16c = (c >> 29 & 1) != 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return found;
  found.amx = (d >> 22 & 1) != 0 && (d >> 24 & 1) != 0;  // AMX-BF16 and AMX-TILE
  if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0) {
    found.avx512bf16 = (a >> 5 & 1) != 0;
  }
  return found;
}
#endif

bool supported(Isa isa) {
  if (isa == Isa::kPortable) return true;
#ifdef FIRSTLIGHT_X86
  const OtherFeatures features = other_features();
  const bool avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && features.f16c;
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  const bool bf16 = avx512 && features.avx512bf16;
  switch (isa) {
    case Isa::kPortable:
      return true;
    case Isa::kAvx2:
      return avx2;
    case Isa::kAvx512:
      return avx512;
    case Isa::kAvx512Bf16:
      return bf16;
    case Isa::kAmx:
      return bf16 && features.amx && tiles_permitted();
  }
#endif
  return false;
}

const VariantTable* table_of(Isa isa) {
#ifdef FIRSTLIGHT_X86
  switch (isa) {
    case Isa::kPortable:
      return portable_table();
    case Isa::kAvx2:
      return avx2_table();
    case Isa::kAvx512:
      return avx512_table();
    case Isa::kAvx512Bf16:
      return avx512bf16_table();
    case Isa::kAmx:
      return amx_table();
  }
#endif
  return portable_table();
}

constexpr Isa kAll[] = {Isa::kPortable, Isa::kAvx2, Isa::kAvx512, Isa::kAvx512Bf16, Isa::kAmx};

}  // namespace

std::string to_string(Isa isa) {
  switch (isa) {
    case Isa::kPortable:
      return "portable";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
    case Isa::kAvx512Bf16:
      return "avx512bf16";
    case Isa::kAmx:
      return "amx";
  }
  return {};
}

std::vector<Isa> available_isas() {
  std::vector<Isa> found;
  for (const Isa isa : kAll) {
    if (supported(isa)) found.push_back(isa);
  }
  return found;
}

Isa active_isa() {
  const char* forced = std::getenv("FIRSTLIGHT_ISA");
  if (forced == nullptr || *forced == '\0') return available_isas().back();
  std::vector<std::string> names;
  for (const Isa isa : available_isas()) {
    if (to_string(isa) == forced) return isa;
    names.push_back(to_string(isa));
  }
  throw Error::usage("environment variable FIRSTLIGHT_ISA",
                     "this machine cannot run '" + std::string(forced) + "'",
                     "use one of " + text::join(names, ", "));
}

const Kernels& Kernels::get(Isa isa) {
  static const Kernels all[] = {
      Kernels(Isa::kPortable, table_of(Isa::kPortable)),
      Kernels(Isa::kAvx2, table_of(Isa::kAvx2)),
      Kernels(Isa::kAvx512, table_of(Isa::kAvx512)),
      Kernels(Isa::kAvx512Bf16, table_of(Isa::kAvx512Bf16)),
      Kernels(Isa::kAmx, table_of(Isa::kAmx)),
  };
  if (!supported(isa)) {
    throw Error::usage("instruction set", "this machine cannot run '" + to_string(isa) + "'");
  }
  return all[static_cast<int>(isa)];
}

const Kernels& Kernels::active() { return get(active_isa()); }

bool Kernels::fast_bf16() const { return table_->fast_bf16; }

}  // namespace firstlight::kernels
