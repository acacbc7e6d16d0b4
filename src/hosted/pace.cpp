#include "pace.h"

#include <algorithm>
#include <cmath>

namespace firstlight::hosted {
namespace {

constexpr double kSecondsPerMinute = 60.0;
constexpr double kLongestWait = 60.0;

}  // namespace

void Bucket::set_rate(double per_minute) {
  per_minute_ = per_minute;
  level_ = per_minute / kSecondsPerMinute;
}

double Bucket::level_at(Clock::time_point now) const {
  const double rate = per_minute_ / kSecondsPerMinute;
  if (updated_ == Clock::time_point{}) return level_;
  return std::min(rate, level_ + rate * std::chrono::duration<double>(now - updated_).count());
}

double Bucket::wait_seconds(Clock::time_point now) const {
  if (per_minute_ <= 0) return 0.0;
  const double level = level_at(now);
  return level >= 0 ? 0.0 : -level / per_minute_ * kSecondsPerMinute;
}

void Bucket::take(double amount, Clock::time_point now) {
  if (per_minute_ <= 0) return;
  level_ = level_at(now) - amount;
  updated_ = now;
}

double back_off_seconds(double first, int next, double chance) {
  const double full = std::min(kLongestWait, first * std::exp2(std::min(next - 2, 20)));
  return full * (0.5 + 0.5 * chance);
}

}  // namespace firstlight::hosted
