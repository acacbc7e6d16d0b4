#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace firstlight::app {
namespace {

constexpr double kTerminalSeconds = 0.1;
constexpr double kLogSeconds = 10.0;

std::string duration(double seconds) {
  const auto s = static_cast<long>(seconds + 0.5);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
}

}  // namespace

Progress::Progress(std::uint64_t already, bool quiet)
    : already_(already),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) != 0),
      start_(Clock::now()),
      last_(start_) {}

Progress::~Progress() { end(); }

void Progress::show(const ProgressStep& step) {
  if (quiet_) return;
  const auto now = Clock::now();
  const double since_last = std::chrono::duration<double>(now - last_).count();
  const bool complete = step.total > 0 && step.done == step.total;
  if (since_last < (terminal_ ? kTerminalSeconds : kLogSeconds) && !(complete && terminal_)) return;
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(step.done - already_) / (seconds > 0 ? seconds : 1.0);
  std::string line = fmt::format("{} of {}  {:.3g}/s", step.done, step.total, rate);
  if (!complete && rate > 0) {
    line += "  " + duration(static_cast<double>(step.total - step.done) / rate) + " left";
  }
  if (step.failed > 0) line += fmt::format("  {} failed", step.failed);
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    std::fflush(stderr);
    drawn_ = true;
  } else {
    std::fprintf(stderr, "firstlight: %s\n", line.c_str());
  }
}

void Progress::end() {
  if (drawn_) std::fputc('\n', stderr);
  drawn_ = false;
}

}  // namespace firstlight::app
