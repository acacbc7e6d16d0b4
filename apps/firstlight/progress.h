#pragma once

#include <chrono>
#include <cstdint>

#include "firstlight/base/log.h"

namespace firstlight::app {

/// Shows long work on standard error: one line that is drawn over on a terminal, else a plain line
/// every ten seconds.
class Progress {
 public:
  /// `already` items were done before this process started; they do not count for the rate.
  Progress(std::uint64_t already, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const ProgressStep& step);
  /// Ends the drawn line, so that other messages start on a new one.
  void end();

 private:
  using Clock = std::chrono::steady_clock;
  std::uint64_t already_;
  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_;
  Clock::time_point last_;
};

}  // namespace firstlight::app
