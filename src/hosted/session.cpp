#include "firstlight/hosted/session.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight::hosted {

Session::~Session() {
  if (file_ >= 0) ::close(file_);
}

void Session::attach(const std::string& path, double spent_usd,
                     const std::function<bool(const std::string&)>& in_tables) {
  const std::lock_guard lock(mutex_);
  spent_ += spent_usd;
  path_ = path;
  if (std::filesystem::exists(path)) {
    // A kill in the middle of a write leaves half a line at the end: that answer did not arrive.
    for (const std::string& line : text::split(text::read_file(path), '\n')) {
      const nlohmann::json entry = nlohmann::json::parse(line, nullptr, false);
      if (!entry.is_array() || entry.size() != 3 || !entry[0].is_string() ||
          !entry[1].is_string() || !entry[2].is_number()) {
        continue;
      }
      const bool fresh = answers_.emplace(entry[0], entry[1]).second;
      if (fresh && !in_tables(entry[0].get<std::string>())) spent_ += entry[2].get<double>();
    }
  }
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0) {
    throw Error::internal(path, std::string("cannot be written: ") + std::strerror(errno));
  }
  // Ends a half line, so that the next answer stands on its own.
  if (!answers_.empty() && ::write(file_, "\n", 1) != 1) {
    throw Error::internal(path, std::string("cannot be written: ") + std::strerror(errno));
  }
}

std::optional<std::string> Session::find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(key);
  if (found == answers_.end()) return std::nullopt;
  return found->second;
}

void Session::keep(const std::string& key, const std::string& answer, double cost_usd) {
  const std::lock_guard lock(mutex_);
  if (!answers_.emplace(key, answer).second) return;
  spent_ += cost_usd;
  if (file_ < 0) return;
  const std::string line = nlohmann::json{key, answer, cost_usd}.dump() + "\n";
  if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    throw Error::internal(path_, std::string("cannot be written: ") + std::strerror(errno),
                          "make room and run the same command again");
  }
}

void Session::committed() {
  const std::lock_guard lock(mutex_);
  answers_.clear();
  if (file_ >= 0 && ::ftruncate(file_, 0) != 0) {
    throw Error::internal(path_, std::string("cannot be emptied: ") + std::strerror(errno));
  }
}

void Session::finish() {
  const std::lock_guard lock(mutex_);
  if (file_ < 0) return;
  ::close(file_);
  file_ = -1;
  ::unlink(path_.c_str());
}

bool Session::may_ask(double estimate_usd) {
  const std::lock_guard lock(mutex_);
  if (max_cost_ && spent_ + reserved_ + estimate_usd > *max_cost_) {
    over_budget_ = true;
    return false;
  }
  reserved_ += estimate_usd;
  return true;
}

void Session::settle(double estimate_usd) {
  const std::lock_guard lock(mutex_);
  reserved_ = std::max(0.0, reserved_ - estimate_usd);
}

void Session::count_probe(const Usage& usage, std::optional<double> cost_usd) {
  const std::lock_guard lock(mutex_);
  ++probes_.requests;
  probes_.usage.prompt += usage.prompt;
  probes_.usage.cached += usage.cached;
  probes_.usage.completion += usage.completion;
  if (!cost_usd) return;
  probes_.cost_usd = probes_.cost_usd.value_or(0.0) + *cost_usd;
  spent_ += *cost_usd;
}

Probes Session::probes() const {
  const std::lock_guard lock(mutex_);
  return probes_;
}

bool Session::leave_out(const std::string& field) {
  const std::lock_guard lock(mutex_);
  return left_out_.insert(field).second;
}

std::set<std::string> Session::left_out() const {
  const std::lock_guard lock(mutex_);
  return left_out_;
}

bool Session::over_budget() const {
  const std::lock_guard lock(mutex_);
  return over_budget_;
}

double Session::spent_usd() const {
  const std::lock_guard lock(mutex_);
  return spent_;
}

}  // namespace firstlight::hosted
