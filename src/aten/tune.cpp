#include "firstlight/aten/tune.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <malloc.h>

#include <climits>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace firstlight::aten {
namespace {

// OpenBLAS 0.3.21 does not know recent Xeons and falls back to an SSE3 kernel there. Its kernel
// table can be chosen again after loading; a variable set earlier by the user is respected.
void choose_openblas_kernel() {
  if (std::getenv("OPENBLAS_CORETYPE") != nullptr || !__builtin_cpu_supports("avx512f")) return;
  const auto core_name =
      reinterpret_cast<char* (*)()>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  const auto quit = reinterpret_cast<void (*)()>(dlsym(RTLD_DEFAULT, "gotoblas_dynamic_quit"));
  const auto init = reinterpret_cast<void (*)()>(dlsym(RTLD_DEFAULT, "gotoblas_dynamic_init"));
  if (core_name == nullptr || quit == nullptr || init == nullptr) return;
  const std::string_view chosen = core_name();
  if (chosen != "Prescott" && chosen != "Core2" && chosen != "Nehalem") return;
  setenv("OPENBLAS_CORETYPE", "SkylakeX", 1);
  quit();
  init();
}

}  // namespace

void tune(int threads) {
  choose_openblas_kernel();
  at::set_num_threads(threads > 0 ? threads
                                  : static_cast<int>(std::thread::hardware_concurrency()));
  // Large tensors come from the heap and stay there: no page faults for every activation.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
}

}  // namespace firstlight::aten
