#pragma once

#include <chrono>

namespace firstlight::hosted {

using Clock = std::chrono::steady_clock;

/// A token bucket that holds one second's worth and may go into debt for one request, so that the
/// average keeps to the rate whatever a request costs. Not thread-safe.
class Bucket {
 public:
  /// 0: no limit.
  explicit Bucket(double per_minute = 0.0) { set_rate(per_minute); }
  void set_rate(double per_minute);
  double per_minute() const { return per_minute_; }
  /// Seconds until an amount may be taken; 0 = now.
  double wait_seconds(Clock::time_point now) const;
  void take(double amount, Clock::time_point now);

 private:
  double level_at(Clock::time_point now) const;
  double per_minute_ = 0.0;
  double level_ = 0.0;
  Clock::time_point updated_ = {};
};

/// The wait before try `next` (from 2): doubles from `first`, at most a minute, half of it at
/// random
/// (`chance` in [0, 1)).
double back_off_seconds(double first, int next, double chance);

}  // namespace firstlight::hosted
