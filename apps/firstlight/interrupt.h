#pragma once

#include <atomic>

namespace firstlight::app {

/// From now on SIGINT ends the process at once with the exit status of an interrupted program.
void end_on_interrupt();

/// From now on SIGINT and SIGTERM set the returned flag, so that work ends at the next safe place.
/// A second signal ends the process at once.
const std::atomic<bool>& stop_on_interrupt();

}  // namespace firstlight::app
