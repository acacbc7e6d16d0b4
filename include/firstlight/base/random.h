#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace firstlight {

/// xoshiro256++ (Blackman & Vigna 2021, doi:10.1145/3460772) seeded by splitmix64, with
/// distributions of our own: the same numbers on every compiler, which std::distributions do not
/// promise. One thread at a time; `fork` gives independent streams for parallel work.
class Random {
 public:
  using result_type = std::uint64_t;

  explicit Random(std::uint64_t seed);
  /// The stream of item `index` under `seed`: sample k of a set does not depend on samples before.
  Random(std::uint64_t seed, std::uint64_t index);

  std::uint64_t operator()();
  static constexpr std::uint64_t min() { return 0; }
  static constexpr std::uint64_t max() { return std::numeric_limits<std::uint64_t>::max(); }

  /// Uniform in [0, 1), 53 bits.
  double uniform();
  double uniform(double low, double high);
  /// Uniform integer in [0, n), unbiased; n > 0.
  std::uint64_t below(std::uint64_t n);
  bool chance(double probability);
  /// Standard normal by the polar method.
  double normal();
  double normal(double mean, double sigma);
  /// Rate 1.
  double exponential();
  /// Poisson with mean >= 0: inversion below 30, PTRS (Hoermann 1993) from there.
  std::uint64_t poisson(double mean);

  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

  /// The whole state, for checkpoints.
  struct State {
    std::uint64_t words[4];
  };
  State state() const;
  static Random from_state(const State& state);

 private:
  Random() = default;
  std::uint64_t words_[4] = {};
};

}  // namespace firstlight
