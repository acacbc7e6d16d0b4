#include "firstlight/base/random.h"

#include <bit>
#include <cmath>

namespace firstlight {
namespace {

std::uint64_t splitmix64(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

Random::Random(std::uint64_t seed) {
  for (std::uint64_t& word : words_) word = splitmix64(seed);
}

Random::Random(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t state = index;
  std::uint64_t mixed = seed ^ splitmix64(state);
  for (std::uint64_t& word : words_) word = splitmix64(mixed);
}

std::uint64_t Random::operator()() {
  const std::uint64_t result = std::rotl(words_[0] + words_[3], 23) + words_[0];
  const std::uint64_t shifted = words_[1] << 17;
  words_[2] ^= words_[0];
  words_[3] ^= words_[1];
  words_[1] ^= words_[2];
  words_[0] ^= words_[3];
  words_[2] ^= shifted;
  words_[3] = std::rotl(words_[3], 45);
  return result;
}

double Random::uniform() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

double Random::uniform(double low, double high) { return low + (high - low) * uniform(); }

std::uint64_t Random::below(std::uint64_t n) {
  const std::uint64_t limit = max() - max() % n;
  std::uint64_t value = (*this)();
  while (value >= limit) value = (*this)();
  return value % n;
}

bool Random::chance(double probability) { return uniform() < probability; }

double Random::normal() {
  while (true) {
    const double u = uniform(-1, 1);
    const double v = uniform(-1, 1);
    const double s = u * u + v * v;
    if (s > 0 && s < 1) return u * std::sqrt(-2 * std::log(s) / s);
  }
}

double Random::normal(double mean, double sigma) { return mean + sigma * normal(); }

double Random::exponential() { return -std::log1p(-uniform()); }

std::uint64_t Random::poisson(double mean) {
  if (mean <= 0) return 0;
  if (mean < 30) {
    const double limit = std::exp(-mean);
    std::uint64_t count = 0;
    for (double product = uniform(); product > limit; product *= uniform()) ++count;
    return count;
  }
  const double b = 0.931 + 2.53 * std::sqrt(mean);
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double v_r = 0.9277 - 3.6224 / (b - 2);
  while (true) {
    const double u = uniform() - 0.5;
    const double v = uniform();
    const double us = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= v_r) return static_cast<std::uint64_t>(k);
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v * inverse_alpha / (a / (us * us) + b)) <=
        k * std::log(mean) - mean - std::lgamma(k + 1)) {
      return static_cast<std::uint64_t>(k);
    }
  }
}

Random::State Random::state() const { return {{words_[0], words_[1], words_[2], words_[3]}}; }

Random Random::from_state(const State& state) {
  Random random;
  for (int i = 0; i < 4; ++i) random.words_[i] = state.words[i];
  return random;
}

}  // namespace firstlight
