#include "interrupt.h"

#include <unistd.h>

#include <csignal>

namespace firstlight::app {
namespace {

std::atomic<bool> stop = false;
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

void on_signal(int) { stop = true; }

void on_early_interrupt(int) { _exit(130); }

}  // namespace

void end_on_interrupt() {
  // Ignored since the start: a job in the background of a shell, which stays so.
  if (std::signal(SIGINT, on_early_interrupt) == SIG_IGN) std::signal(SIGINT, SIG_IGN);
}

const std::atomic<bool>& stop_on_interrupt() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return stop;
}

}  // namespace firstlight::app
