#include <algorithm>
#include <cmath>

#include "firstlight/image/stretch.h"

namespace firstlight {
namespace {

constexpr std::size_t kSamples = 1000;
constexpr std::size_t kLeastPixels = 5;
constexpr double kRejectSigma = 2.5;
constexpr double kMaxRejected = 0.5;
constexpr double kGrow = 0.01;
constexpr int kRounds = 5;

/// Value i of the line is intercept + slope * i.
struct Line {
  double slope = 0.0;
  double intercept = 0.0;
};

Line fit_line(const std::vector<float>& y, const std::vector<char>& bad) {
  double n = 0, mean_x = 0, mean_y = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (bad[i]) continue;
    n += 1;
    mean_x += static_cast<double>(i);
    mean_y += y[i];
  }
  mean_x /= n;
  mean_y /= n;
  double xx = 0, xy = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (bad[i]) continue;
    const double x = static_cast<double>(i) - mean_x;
    xx += x * x;
    xy += x * (y[i] - mean_y);
  }
  const double slope = xx > 0 ? xy / xx : 0.0;
  return {slope, mean_y - slope * mean_x};
}

/// Marks samples further than 2.5 sigma from the line, and their neighbours in the sorted order.
void reject(const std::vector<float>& y, const Line& line, std::vector<char>& bad) {
  std::vector<double> flat(y.size());
  double n = 0, mean = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    flat[i] = y[i] - (line.intercept + line.slope * static_cast<double>(i));
    if (bad[i]) continue;
    n += 1;
    mean += flat[i];
  }
  mean /= n;
  double variance = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (!bad[i]) variance += (flat[i] - mean) * (flat[i] - mean);
  }
  const double threshold = kRejectSigma * std::sqrt(variance / n);
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (std::abs(flat[i]) > threshold) bad[i] = 1;
  }
  const auto size = static_cast<std::ptrdiff_t>(y.size());
  const auto grow = std::max<std::ptrdiff_t>(1, static_cast<std::ptrdiff_t>(y.size() * kGrow));
  const std::vector<char> before = bad;
  for (std::ptrdiff_t i = 0; i < size; ++i) {
    for (std::ptrdiff_t k = 0; k < grow && !bad[i]; ++k) {
      const std::ptrdiff_t j = i + (grow - 1) / 2 - k;
      if (j >= 0 && j < size && before[j]) bad[i] = 1;
    }
  }
}

}  // namespace

StretchLimits zscale_limits(const std::vector<float>& values, double contrast) {
  const std::size_t stride = std::max<std::size_t>(1, values.size() / kSamples);
  std::vector<float> samples;
  for (std::size_t i = 0; i < values.size() && samples.size() < kSamples; i += stride) {
    samples.push_back(values[i]);
  }
  std::sort(samples.begin(), samples.end());
  const std::size_t n = samples.size();
  StretchLimits limits{samples.front(), samples.back()};
  const std::size_t least =
      std::max(kLeastPixels, static_cast<std::size_t>(static_cast<double>(n) * kMaxRejected));
  std::vector<char> bad(n, 0);
  std::size_t good = n, previous = n + 1;
  Line line;
  for (int round = 0; round < kRounds && good < previous && good >= least; ++round) {
    line = fit_line(samples, bad);
    reject(samples, line, bad);
    previous = good;
    good = static_cast<std::size_t>(std::count(bad.begin(), bad.end(), 0));
  }
  if (good < least) return limits;
  const double slope = contrast > 0 ? line.slope / contrast : line.slope;
  const double median =
      n % 2 == 1
          ? samples[n / 2]
          : 0.5 * (static_cast<double>(samples[n / 2 - 1]) + static_cast<double>(samples[n / 2]));
  const auto center = static_cast<double>((n - 1) / 2);
  limits.low = std::max(limits.low, median - (center - 1.0) * slope);
  limits.high = std::min(limits.high, median + (static_cast<double>(n) - center) * slope);
  return limits;
}

}  // namespace firstlight
