#pragma once

#include <string>

namespace firstlight::run_detail {

/// Whether a file-system type (statfs f_type) is served over a network or from user space, where
/// shared memory between processes, which SQLite's write-ahead log needs, cannot be relied on.
bool is_network_file_system(long type);
/// The same for the file system that holds `folder`.
bool on_network_file_system(const std::string& folder);

/// Makes `folder` and its parents; throws Error::internal.
void make_folder(const std::string& folder);

/// Holds FOLDER/run.lock for this process; released when destroyed or when the process dies, by
/// whatever cause. Throws Error::conflict where another process holds it.
class RunLock {
 public:
  explicit RunLock(const std::string& folder);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace firstlight::run_detail
