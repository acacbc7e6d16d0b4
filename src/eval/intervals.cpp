#include "firstlight/eval/intervals.h"

#include <boost/math/special_functions/beta.hpp>

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

}  // namespace firstlight
