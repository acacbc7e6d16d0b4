#include "files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>

#include "firstlight/base/error.h"

namespace firstlight::run_detail {
namespace {

// Numbers of statfs(2) and of the file systems' own headers.
constexpr std::array<std::uint32_t, 16> kNetworkTypes = {
    0x00006969,  // NFS
    0x0000517B,  // SMB
    0xFF534D42,  // CIFS
    0xFE534D42,  // SMB2
    0x65735546,  // FUSE: sshfs, CERN's EOS, GlusterFS
    0x0BD00BD0,  // Lustre
    0x47504653,  // GPFS
    0x19830326,  // BeeGFS
    0x00C36400,  // CephFS
    0x5346414F,  // AFS (OpenAFS)
    0x6B414653,  // AFS (kernel)
    0x01021997,  // 9P
    0xAAD7AAEA,  // PanFS
    0x01161970,  // GFS2
    0x7461636F,  // OCFS2
    0x786F4256,  // VirtualBox shared folder
};

}  // namespace

bool is_network_file_system(long type) {
  return std::find(kNetworkTypes.begin(), kNetworkTypes.end(), static_cast<std::uint32_t>(type)) !=
         kNetworkTypes.end();
}

bool on_network_file_system(const std::string& folder) {
  struct statfs status = {};
  if (statfs(folder.c_str(), &status) != 0) return true;  // unknown: the careful choice
  return is_network_file_system(static_cast<long>(status.f_type));
}

void make_folder(const std::string& folder) {
  std::error_code status;
  std::filesystem::create_directories(folder, status);
  if (status) throw Error::internal(folder, "cannot make the run folder: " + status.message());
  if (!std::filesystem::is_directory(folder, status)) {
    throw Error::usage(folder, "is not a folder", "name another with -o");
  }
}

RunLock::RunLock(const std::string& folder) : path_(folder + "/run.lock") {
  for (;;) {
    descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0) {
      throw Error::internal(path_, std::string("cannot write: ") + std::strerror(errno));
    }
    if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      const int cause = errno;
      close(descriptor_);
      if (cause == EWOULDBLOCK) {
        throw Error::conflict(folder, "another process is writing this run",
                              "wait for it, or name another folder with -o");
      }
      throw Error::internal(path_, std::string("cannot lock: ") + std::strerror(cause));
    }
    // The holder before us removes the file when it ends: what we locked must still be in place.
    struct stat ours = {};
    struct stat named = {};
    if (fstat(descriptor_, &ours) == 0 && stat(path_.c_str(), &named) == 0 &&
        ours.st_ino == named.st_ino && ours.st_dev == named.st_dev) {
      return;
    }
    close(descriptor_);
  }
}

RunLock::~RunLock() {
  unlink(path_.c_str());
  close(descriptor_);
}

}  // namespace firstlight::run_detail
