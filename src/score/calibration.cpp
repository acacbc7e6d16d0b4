#include "firstlight/score/calibration.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/score/score.h"

namespace firstlight {
namespace {

constexpr double kSmallest = 1e-308;
constexpr double kLeastSlope = 1e-3;
constexpr double kGreatestSlope = 1e3;
constexpr int kMaxSteps = 200;

constexpr std::pair<CalibrationMethod, const char*> kMethods[] = {
    {CalibrationMethod::kTemperature, "temperature"},
    {CalibrationMethod::kPlatt, "platt"},
};

double log_probability(double p) { return std::log(std::max(p, kSmallest)); }

void check(std::span<const double> probabilities, std::size_t classes,
           std::span<const ClassId> truth) {
  if (truth.empty()) throw Error::usage("calibration", "there are no samples with truth");
  if (probabilities.size() != truth.size() * classes) {
    throw Error::usage("calibration", "probabilities and truth differ in number");
  }
  for (const ClassId id : truth) {
    if (id.value < 0 || id.index() >= classes) {
      throw Error::usage("calibration", "a truth is no class");
    }
  }
}

/// Slope and curvature of the negative log-likelihood in 1/T.
std::pair<double, double> temperature_derivatives(const std::vector<double>& z, std::size_t classes,
                                                  std::span<const ClassId> truth, double slope) {
  double first = 0;
  double second = 0;
  std::vector<double> scaled(classes);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double* row = z.data() + i * classes;
    for (std::size_t k = 0; k < classes; ++k) scaled[k] = slope * row[k];
    const std::vector<double> p = softmax(scaled);
    double mean = 0;
    for (std::size_t k = 0; k < classes; ++k) mean += p[k] * row[k];
    first += mean - row[truth[i].index()];
    for (std::size_t k = 0; k < classes; ++k) second += p[k] * (row[k] - mean) * (row[k] - mean);
  }
  return {first, second};
}

/// The negative log-likelihood is convex in 1/T: Newton's steps, halved by bisection where they
/// leave the bracket.
double fit_slope(const std::vector<double>& z, std::size_t classes,
                 std::span<const ClassId> truth) {
  double low = kLeastSlope;
  double high = kGreatestSlope;
  if (temperature_derivatives(z, classes, truth, low).first >= 0) return low;
  if (temperature_derivatives(z, classes, truth, high).first <= 0) return high;
  double slope = 1;
  for (int step = 0; step < kMaxSteps; ++step) {
    const auto [first, second] = temperature_derivatives(z, classes, truth, slope);
    (first < 0 ? low : high) = slope;
    double next = slope - first / second;
    if (!(next > low && next < high)) next = std::sqrt(low * high);
    if (std::abs(next - slope) <= 1e-15 * slope) return next;
    slope = next;
  }
  return slope;
}

/// Platt scaling: parameters are (a, b_1 .. b_{K-1}), b_0 = 0.
class PlattFit {
 public:
  PlattFit(const std::vector<double>& z, std::size_t classes, std::span<const ClassId> truth)
      : z_(z), classes_(classes), truth_(truth), counts_(classes, 0.0) {
    for (const ClassId id : truth) ++counts_[id.index()];
  }

  Calibration run() {
    std::vector<double> x(classes_, 0.0);
    x[0] = 1;
    double value = derivatives(x);
    for (int step = 0; step < kMaxSteps; ++step) {
      const std::vector<double> direction = newton_direction();
      double decrease = 0;
      for (std::size_t j = 0; j < classes_; ++j) decrease -= gradient_[j] * direction[j];
      if (!(decrease > 1e-26 * static_cast<double>(truth_.size()))) break;
      double length = 1;
      std::vector<double> next(classes_);
      double next_value = value;
      do {
        for (std::size_t j = 0; j < classes_; ++j) next[j] = x[j] + length * direction[j];
        next_value = derivatives(next);
        if (next_value <= value) break;
        length /= 2;
      } while (length > 1e-12);
      if (next_value > value) break;  // at the resolution of double precision
      x = next;
      value = next_value;
    }
    Calibration result{CalibrationMethod::kPlatt, x[0], std::vector<double>(classes_, 0.0)};
    double mean = 0;
    for (std::size_t k = 1; k < classes_; ++k) mean += x[k] / static_cast<double>(classes_);
    for (std::size_t k = 0; k < classes_; ++k) result.offsets[k] = (k > 0 ? x[k] : 0.0) - mean;
    return result;
  }

 private:
  /// Value, gradient and Hessian of the cross-entropy with the smoothed targets.
  double derivatives(const std::vector<double>& x) {
    gradient_.assign(classes_, 0.0);
    hessian_.assign(classes_ * classes_, 0.0);
    double value = 0;
    std::vector<double> scaled(classes_);
    for (std::size_t i = 0; i < truth_.size(); ++i) {
      const double* row = z_.data() + i * classes_;
      for (std::size_t k = 0; k < classes_; ++k) {
        scaled[k] = x[0] * row[k] + (k > 0 ? x[k] : 0.0);
      }
      const double norm = log_sum_exp(scaled);
      const std::vector<double> p = softmax(scaled);
      double mean = 0;
      for (std::size_t k = 0; k < classes_; ++k) mean += p[k] * row[k];
      const double whole = counts_[truth_[i].index()] + static_cast<double>(classes_);
      for (std::size_t k = 0; k < classes_; ++k) {
        const bool is_true = truth_[i].index() == k;
        const double target = (is_true ? counts_[k] + 1 : 1.0) / whole;
        value -= target * (scaled[k] - norm);
        gradient_[0] += (p[k] - target) * row[k];
        if (k > 0) gradient_[k] += p[k] - target;
        at(0, 0) += p[k] * (row[k] - mean) * (row[k] - mean);
        if (k == 0) continue;
        at(0, k) += p[k] * (row[k] - mean);
        for (std::size_t l = 1; l <= k; ++l) at(l, k) += p[k] * ((l == k ? 1.0 : 0.0) - p[l]);
      }
    }
    return value;
  }

  double& at(std::size_t row, std::size_t column) { return hessian_[row * classes_ + column]; }

  /// -H^-1 g by Cholesky; a trace of ridge keeps it positive where scores say nothing.
  std::vector<double> newton_direction() {
    const std::size_t n = classes_;
    double trace = 0;
    for (std::size_t j = 0; j < n; ++j) trace += at(j, j);
    std::vector<double> l(n * n, 0.0);
    for (std::size_t row = 0; row < n; ++row) {
      for (std::size_t column = 0; column <= row; ++column) {
        double sum = at(column, row) + (row == column ? 1e-14 * trace + 1e-300 : 0.0);
        for (std::size_t m = 0; m < column; ++m) sum -= l[row * n + m] * l[column * n + m];
        l[row * n + column] =
            row == column ? std::sqrt(std::max(sum, 1e-300)) : sum / l[column * n + column];
      }
    }
    std::vector<double> y(n);
    for (std::size_t row = 0; row < n; ++row) {
      double sum = -gradient_[row];
      for (std::size_t m = 0; m < row; ++m) sum -= l[row * n + m] * y[m];
      y[row] = sum / l[row * n + row];
    }
    for (std::size_t row = n; row-- > 0;) {
      for (std::size_t m = row + 1; m < n; ++m) y[row] -= l[m * n + row] * y[m];
      y[row] /= l[row * n + row];
    }
    return y;
  }

  const std::vector<double>& z_;
  std::size_t classes_;
  std::span<const ClassId> truth_;
  std::vector<double> counts_;
  std::vector<double> gradient_;
  std::vector<double> hessian_;
};

}  // namespace

std::string to_string(CalibrationMethod method) {
  for (const auto& [value, name] : kMethods) {
    if (value == method) return name;
  }
  throw Error::internal("calibration", "no such method");
}

std::optional<CalibrationMethod> calibration_method(std::string_view name) {
  for (const auto& [value, known] : kMethods) {
    if (name == known) return value;
  }
  return std::nullopt;
}

std::vector<double> calibrate(const Calibration& calibration,
                              std::span<const double> probabilities) {
  std::vector<double> z(probabilities.size());
  for (std::size_t k = 0; k < z.size(); ++k) {
    z[k] = calibration.slope * log_probability(probabilities[k]) +
           (calibration.offsets.empty() ? 0.0 : calibration.offsets[k]);
  }
  return softmax(z);
}

Calibration fit_calibration(CalibrationMethod method, std::span<const double> probabilities,
                            std::size_t classes, std::span<const ClassId> truth) {
  check(probabilities, classes, truth);
  std::vector<double> z;
  z.reserve(probabilities.size());
  for (const double p : probabilities) z.push_back(log_probability(p));
  if (method == CalibrationMethod::kPlatt) return PlattFit(z, classes, truth).run();
  return {CalibrationMethod::kTemperature, fit_slope(z, classes, truth), {}};
}

double conformal_threshold(std::span<const double> probabilities, std::size_t classes,
                           std::span<const ClassId> truth, double coverage) {
  check(probabilities, classes, truth);
  if (!(coverage > 0 && coverage < 1)) {
    throw Error::usage("conformal sets", "the coverage must lie between 0 and 1");
  }
  std::vector<double> of_truth;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    of_truth.push_back(probabilities[i * classes + truth[i].index()]);
  }
  std::sort(of_truth.begin(), of_truth.end());
  // A new sample's place among the others is uniform, so that all but the least likely
  // n - ceil((n + 1) coverage) of them must be kept.
  const auto n = static_cast<double>(of_truth.size());
  const double kept = std::ceil((n + 1) * coverage - 1e-9);
  if (kept > n) return 0;
  return of_truth[static_cast<std::size_t>(n - kept)];
}

std::vector<ClassId> conformal_set(std::span<const double> probabilities, double threshold) {
  std::vector<ClassId> set;
  for (std::size_t k = 0; k < probabilities.size(); ++k) {
    if (probabilities[k] >= threshold) set.push_back(ClassId{static_cast<std::int32_t>(k)});
  }
  return set;
}

}  // namespace firstlight
