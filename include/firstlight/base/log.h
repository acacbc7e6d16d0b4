#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace firstlight {

enum class LogLevel { kInfo, kWarning };

/// Receives what the library has to say; the library itself never prints. The default sink drops
/// everything; the application installs one that writes to standard error.
using LogSink = std::function<void(LogLevel, std::string_view)>;

/// Replaces the sink of the process. Safe from any thread; the sink may be called from any thread,
/// one call at a time.
void set_log_sink(LogSink sink);
void log_info(std::string_view message);
void log_warning(std::string_view message);

/// A step of long work. `total` is 0 where it is not known.
struct ProgressStep {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::uint64_t failed = 0;
};
/// Called after every finished item of long work, from the thread that runs it.
using ProgressSink = std::function<void(const ProgressStep&)>;

}  // namespace firstlight
