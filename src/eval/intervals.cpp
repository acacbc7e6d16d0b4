#include "firstlight/eval/intervals.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>

namespace firstlight {

Estimate fraction(double successes, double trials, double level, const std::string& undefined) {
  Estimate estimate;
  if (!(trials > 0)) {
    estimate.undefined = undefined;
    return estimate;
  }
  const double tail = (1 - level) / 2;
  const double failures = trials - successes;
  estimate.value = successes / trials;
  estimate.low = successes > 0 ? boost::math::ibeta_inv(successes, failures + 1, tail) : 0.0;
  // ibetac_inv takes the upper tail itself, which 1 - tail would round.
  estimate.high = failures > 0 ? boost::math::ibetac_inv(successes + 1, failures, tail) : 1.0;
  estimate.method = "clopper_pearson";
  return estimate;
}

Estimate weighted_fraction(double part, double whole, double squares, double level,
                           const std::string& undefined) {
  if (!(whole > 0) || squares == whole) return fraction(part, whole, level, undefined);
  const double effective = whole * whole / squares;
  Estimate estimate =
      fraction(std::min(part / whole * effective, effective), effective, level, undefined);
  estimate.value = part / whole;
  return estimate;
}

Estimate efficiency(double part, double whole, double squares, double level,
                    const std::string& undefined) {
  Estimate estimate = weighted_fraction(part, whole, squares, level, undefined);
  if (estimate.undefined.empty()) {
    const Estimate inner = weighted_fraction(part, whole, squares, kOneSigma, undefined);
    estimate.one_sigma = Interval{inner.low, inner.high};
  }
  return estimate;
}

std::string to_text(const Estimate& estimate, bool sign) {
  if (std::isnan(estimate.value)) return "-";
  const auto number = [&](double x) {
    return sign ? fmt::format("{:+.3f}", x) : fmt::format("{:.3f}", x);
  };
  if (std::isnan(estimate.low)) return number(estimate.value);
  return fmt::format("{}  ({} to {})", number(estimate.value), number(estimate.low),
                     number(estimate.high));
}

}  // namespace firstlight
