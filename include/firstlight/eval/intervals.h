#pragma once

#include <limits>
#include <string>

namespace firstlight {

/// A figure with its interval. NaN where it is not defined, with the reason in `undefined`.
struct Estimate {
  double value = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
  std::string method;     ///< of the interval: "clopper_pearson" or "bootstrap"; empty without one
  std::string undefined;  ///< why there is no value; empty where there is one
};

/// `successes` of `trials` with the Clopper-Pearson interval (Biometrika 26, 404, 1934): its
/// coverage is at least `level`, for any true fraction. Undefined without trials; `undefined` is
/// then the reason given. 0 < level < 1.
Estimate fraction(double successes, double trials, double level,
                  const std::string& undefined = "no samples");

}  // namespace firstlight
