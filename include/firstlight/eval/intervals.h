#pragma once

#include <limits>
#include <optional>
#include <string>

namespace firstlight {

/// Coverage of the second interval that efficiencies and purities carry, that of one standard
/// deviation of a Gaussian.
inline constexpr double kOneSigma = 0.6827;

struct Interval {
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};

/// A figure with its interval. NaN where it is not defined, with the reason in `undefined`.
struct Estimate {
  double value = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
  std::string method;     ///< of the interval: "clopper_pearson" or "bootstrap"; empty without one
  std::string undefined;  ///< why there is no value; empty where there is one
  /// The interval of coverage kOneSigma by the same method, where a figure carries one.
  std::optional<Interval> one_sigma = std::nullopt;
};

/// `successes` of `trials` with the Clopper-Pearson interval (Biometrika 26, 404, 1934): its
/// coverage is at least `level`, for any true fraction. Undefined without trials; `undefined` is
/// then the reason given. 0 < level < 1.
Estimate fraction(double successes, double trials, double level,
                  const std::string& undefined = "no samples");

/// The same for weighted samples: `part` and `whole` are sums of weights, `squares` the sum of the
/// squared weights of the whole. The interval is that of (sum w)^2 / (sum w^2) equal samples, which
/// carry the same information (Kish 1965, section 8.2). Weights of 1 give fraction().
Estimate weighted_fraction(double part, double whole, double squares, double level,
                           const std::string& undefined = "no samples");

/// weighted_fraction() with `one_sigma`.
Estimate efficiency(double part, double whole, double squares, double level,
                    const std::string& undefined = "no samples");

/// "0.912  (0.861 to 0.948)", "-" where it is not defined; `sign` writes "+0.912" for a difference.
std::string to_text(const Estimate& estimate, bool sign = false);
/// {"value", "low", "high", "level", "method"}, with "one_sigma" and "undefined" where there are
/// any.
std::string to_json(const Estimate& estimate, double level);

}  // namespace firstlight
