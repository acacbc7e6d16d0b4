// Speed of matrix products and attention for every instruction set of the machine.
// Usage: kernel_speed [ISA] [THREADS]   (defaults: all, 1)
// Prints GFLOP/s, the best of several runs: by the processor time of the thread where there is one,
// so that other work on the machine counts little, else by the clock.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "firstlight/base/parallel.h"
#include "firstlight/base/random.h"
#include "firstlight/kernels/kernels.h"

namespace {

using namespace firstlight;
using namespace firstlight::kernels;

double seconds() {
  if (num_threads() == 1) {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double best_time(const std::function<void()>& body) {
  body();
  double best = 1e30, total = 0.0;
  for (int i = 0; i < 20 && (i < 3 || total < 0.5); ++i) {
    const double start = seconds();
    body();
    const double time = seconds() - start;
    best = std::min(best, time);
    total += time;
  }
  return best;
}

std::vector<float> numbers(std::size_t n) {
  Random random(1);
  std::vector<float> x(n);
  for (float& v : x) v = static_cast<float>(random.uniform() - 0.5);
  return x;
}

void product(const Kernels& kernels, std::size_t m, std::size_t n, std::size_t k) {
  const std::vector<float> x = numbers(m * k);
  const std::vector<float> w = numbers(n * k);
  std::vector<float> y(m * n);
  std::printf("%-11s product %5zu x %5zu x %5zu", to_string(kernels.isa()).c_str(), m, n, k);
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    PackedMatrix packed(kernels, precision, n, k);
    packed.set_rows(0, n, Source::kF32, w.data());
    const double time =
        best_time([&] { kernels.linear(packed, nullptr, x.data(), m, k, y.data(), n); });
    std::printf("  %s %7.1f", precision == Precision::kF32 ? "f32" : "bf16",
                2e-9 * static_cast<double>(m * n * k) / time);
    std::fflush(stdout);
  }
  PackedMatrix codes(kernels, std::array<float, 16>{}, n, k);
  const double time =
      best_time([&] { kernels.linear(codes, nullptr, x.data(), m, k, y.data(), n); });
  std::printf("  4 bits %7.1f\n", 2e-9 * static_cast<double>(m * n * k) / time);
}

/// Causal attention of a prompt, counted as the products that causality leaves.
void attention(const Kernels& kernels, std::size_t tokens, std::size_t heads, std::size_t groups,
               std::size_t size) {
  const std::vector<float> q = numbers(tokens * heads * size);
  const std::vector<float> k = numbers(tokens * groups * size);
  const std::vector<float> v = numbers(tokens * groups * size);
  std::vector<float> out(tokens * heads * size);
  std::vector<Visible> visible;
  for (std::size_t i = 0; i < tokens; ++i) visible.push_back({0, i + 1, 0, 0, nullptr});
  std::printf("%-11s attention %5zu tokens, %2zu heads of %3zu over %2zu",
              to_string(kernels.isa()).c_str(), tokens, heads, size, groups);
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    KeyValues kv(kernels, groups, size, tokens, precision);
    kv.append(k.data(), v.data(), groups * size, tokens);
    const double time = best_time([&] {
      kernels.attention(q.data(), heads * size, tokens, heads, kv,
                        1.0f / std::sqrt(static_cast<float>(size)), visible.data(), out.data(),
                        heads * size);
    });
    std::printf("  %s %7.1f", precision == Precision::kF32 ? "f32" : "bf16",
                2e-9 * static_cast<double>(tokens * tokens * heads * size) / time);
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string wanted = argc > 1 ? argv[1] : "all";
  set_num_threads(argc > 2 ? std::atoi(argv[2]) : 1);
  std::printf("%d thread(s), GFLOP/s\n", num_threads());
  for (const Isa isa : available_isas()) {
    if (wanted != "all" && wanted != to_string(isa)) continue;
    const Kernels& kernels = Kernels::get(isa);
    for (const auto& [m, n, k] : {std::array<std::size_t, 3>{1, 2048, 2048},
                                  {1, 8192, 2048},
                                  {200, 192, 192},
                                  {200, 768, 192},
                                  {512, 2048, 2048},
                                  {600, 16384, 2048},
                                  {600, 2048, 8192}}) {
      product(kernels, m, n, k);
    }
    attention(kernels, 64, 3, 3, 64);
    attention(kernels, 600, 32, 8, 64);
    attention(kernels, 2900, 8, 2, 64);
  }
}
