#include "bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>

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
        Random random(options.seed, r);
        std::fill(times.begin(), times.end(), 0.0);
        for (std::size_t i = 0; i < times.size(); ++i) times[random.below(times.size())] += 1;
        const Statistics drawn = samples.statistics(times);
        std::size_t figure = 0;
        Statistics::for_each(drawn, [&](double value) { figures[figure++][r] = value; });
      }
    });
  }
  BootstrapIntervals intervals{shape, shape};
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
  return intervals;
}

}  // namespace firstlight
