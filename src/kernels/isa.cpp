#include "firstlight/kernels/isa.h"

#include <cstdlib>

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
#endif

bool supported(Isa isa) {
  if (isa == Isa::kPortable) return true;
#ifdef FIRSTLIGHT_X86
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("f16c");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  const bool bf16 = avx512 && __builtin_cpu_supports("avx512bf16");
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
      return bf16 && __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") &&
             tiles_permitted();
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
