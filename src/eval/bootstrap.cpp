#include "bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "firstlight/base/error.h"
#include "firstlight/base/parallel.h"
#include "firstlight/base/random.h"

namespace firstlight {

double quantile(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = position - static_cast<double>(below);
  return sorted[below] + part * (sorted[above] - sorted[below]);
}

void draw_resample(std::uint64_t seed, std::uint64_t r, std::span<double> times) {
  Random random(seed, r);
  std::fill(times.begin(), times.end(), 0.0);
  for (std::size_t i = 0; i < times.size(); ++i) times[random.below(times.size())] += 1;
}

Estimate with_percentiles(double value, std::vector<double> drawn, double level,
                          const std::string& undefined) {
  Estimate estimate;
  estimate.value = value;
  if (std::isnan(value)) {
    estimate.undefined = undefined;
    return estimate;
  }
  const std::size_t all = drawn.size();
  std::erase_if(drawn, [](double x) { return std::isnan(x); });
  if (drawn.empty() || 2 * drawn.size() < all) return estimate;
  std::sort(drawn.begin(), drawn.end());
  estimate.low = quantile(drawn, (1 - level) / 2);
  estimate.high = quantile(drawn, (1 + level) / 2);
  estimate.method = "bootstrap";
  return estimate;
}

namespace {

double weighted_mean(const std::vector<double>& values, const std::vector<double>& weights,
                     const std::vector<double>& times) {
  double sum = 0;
  double norm = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double weight = (weights.empty() ? 1.0 : weights[i]) * times[i];
    sum += weight * values[i];
    norm += weight;
  }
  return sum / norm;  // NaN without samples
}

}  // namespace

Estimate mean_estimate(const std::vector<double>& values, const std::vector<double>& weights,
                       const EvaluationOptions& options) {
  std::vector<double> drawn(static_cast<std::size_t>(options.resamples));
  parallel_for(drawn.size(), 1, [&](std::size_t begin, std::size_t end) {
    std::vector<double> times(values.size());
    for (std::size_t r = begin; r < end; ++r) {
      if (!times.empty()) draw_resample(options.seed, r, times);
      drawn[r] = weighted_mean(values, weights, times);
    }
  });
  return with_percentiles(weighted_mean(values, weights, std::vector<double>(values.size(), 1.0)),
                          std::move(drawn), options.level, "no samples");
}

Estimate ratio_estimate(const std::vector<double>& numerators,
                        const std::vector<double>& denominators, const EvaluationOptions& options) {
  if (numerators.size() != denominators.size()) {
    throw Error::usage("ratio", "its two sides are of different samples");
  }
  const auto ratio = [&](const std::vector<double>& times) {
    double over = 0, under = 0;
    for (std::size_t i = 0; i < times.size(); ++i) {
      over += times[i] * numerators[i];
      under += times[i] * denominators[i];
    }
    return under == 0 ? std::numeric_limits<double>::quiet_NaN() : over / under;
  };
  std::vector<double> drawn(static_cast<std::size_t>(options.resamples));
  parallel_for(drawn.size(), 1, [&](std::size_t begin, std::size_t end) {
    std::vector<double> times(numerators.size());
    for (std::size_t r = begin; r < end; ++r) {
      if (!times.empty()) draw_resample(options.seed, r, times);
      drawn[r] = ratio(times);
    }
  });
  return with_percentiles(ratio(std::vector<double>(numerators.size(), 1.0)), std::move(drawn),
                          options.level, "what it is divided by is 0");
}

BootstrapIntervals bootstrap(const PreparedSamples& samples, const Statistics& shape,
                             const EvaluationOptions& options) {
  const auto resamples = static_cast<std::size_t>(options.resamples);
  std::vector<std::vector<double>> figures;  // [figure][resample]
  Statistics::for_each(shape, [&](double) {
    figures.emplace_back(resamples, std::numeric_limits<double>::quiet_NaN());
  });
  if (samples.size() > 0) {
    parallel_for(resamples, 1, [&](std::size_t begin, std::size_t end) {
      std::vector<double> times(samples.size());
      for (std::size_t r = begin; r < end; ++r) {
        draw_resample(options.seed, r, times);
        const Statistics drawn = samples.statistics(times);
        std::size_t figure = 0;
        Statistics::for_each(drawn, [&](double value) { figures[figure++][r] = value; });
      }
    });
  }
  BootstrapIntervals intervals{shape, shape, shape, shape};
  const auto fill = [&](Statistics& target, double q) {
    std::size_t figure = 0;
    Statistics::for_each(target, [&](double& value) {
      const std::vector<double>& drawn = figures[figure++];
      value = drawn.empty() ? std::numeric_limits<double>::quiet_NaN() : quantile(drawn, q);
    });
  };
  for (std::vector<double>& drawn : figures) {
    std::erase_if(drawn, [](double value) { return std::isnan(value); });
    if (2 * drawn.size() < resamples) drawn.clear();
    std::sort(drawn.begin(), drawn.end());
  }
  fill(intervals.low, (1 - options.level) / 2);
  fill(intervals.high, (1 + options.level) / 2);
  fill(intervals.low_one_sigma, (1 - kOneSigma) / 2);
  fill(intervals.high_one_sigma, (1 + kOneSigma) / 2);
  return intervals;
}

}  // namespace firstlight
