#include "files.h"

#include <linux/magic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firstlight/base/error.h"
#include "test_run.h"

namespace firstlight::run_detail {
namespace {

TEST(Files, NetworkFileSystemsAreKnownByTheKernelsNumbers) {
  EXPECT_TRUE(is_network_file_system(NFS_SUPER_MAGIC));
  EXPECT_TRUE(is_network_file_system(SMB_SUPER_MAGIC));
  EXPECT_TRUE(is_network_file_system(V9FS_MAGIC));
  EXPECT_TRUE(is_network_file_system(AFS_SUPER_MAGIC));
  EXPECT_TRUE(is_network_file_system(static_cast<int>(0xFF534D42)));  // CIFS, sign-extended
  EXPECT_FALSE(is_network_file_system(EXT4_SUPER_MAGIC));
  EXPECT_FALSE(is_network_file_system(TMPFS_MAGIC));
  EXPECT_FALSE(is_network_file_system(BTRFS_SUPER_MAGIC));
  EXPECT_FALSE(is_network_file_system(OVERLAYFS_SUPER_MAGIC));
}

TEST(Files, TheLockKeepsOthersOutAndIsRemoved) {
  const TemporaryFolder folder;
  make_folder(folder.path("run"));
  {
    const RunLock lock(folder.path("run"));
    try {
      const RunLock second(folder.path("run"));
      FAIL() << "locked twice";
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kConflict);
    }
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path("run/run.lock")));
  const RunLock again(folder.path("run"));
}

TEST(Files, TheLockOfADeadProcessIsFree) {
  const TemporaryFolder folder;
  make_folder(folder.path("run"));
  const pid_t child = fork();
  if (child == 0) {
    const RunLock lock(folder.path("run"));
    _exit(0);  // as killed: no destructor runs
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(std::filesystem::exists(folder.path("run/run.lock")));
  EXPECT_NO_THROW(RunLock(folder.path("run")));
}

TEST(Files, AFileInTheWayIsAUsageError) {
  const TemporaryFolder folder;
  EXPECT_THROW(make_folder("/proc/version/run"), Error);
}

}  // namespace
}  // namespace firstlight::run_detail
