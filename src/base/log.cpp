#include "firstlight/base/log.h"

#include <mutex>
#include <utility>

namespace firstlight {
namespace {

std::mutex mutex;
LogSink sink;

void log(LogLevel level, std::string_view message) {
  const std::lock_guard lock(mutex);
  if (sink) sink(level, message);
}

}  // namespace

void set_log_sink(LogSink new_sink) {
  const std::lock_guard lock(mutex);
  sink = std::move(new_sink);
}

void log_info(std::string_view message) { log(LogLevel::kInfo, message); }
void log_warning(std::string_view message) { log(LogLevel::kWarning, message); }

}  // namespace firstlight
