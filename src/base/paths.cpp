#include "firstlight/base/paths.h"

#include <cstdlib>
#include <filesystem>

#include "firstlight/base/error.h"

namespace firstlight {
namespace fs = std::filesystem;

std::string share_dir() {
  if (const char* set = std::getenv("FIRSTLIGHT_SHARE"); set != nullptr && *set != '\0') {
    if (!fs::is_directory(set)) throw Error::input(set, "FIRSTLIGHT_SHARE names no folder");
    return set;
  }
  std::error_code status;
  const fs::path program = fs::read_symlink("/proc/self/exe", status);
  if (!status) {
    const fs::path installed = program.parent_path().parent_path() / "share" / "firstlight";
    if (fs::is_directory(installed / "tasks", status)) return installed.string();
  }
  if (fs::is_directory(fs::path(FIRSTLIGHT_SOURCE_DIR) / "tasks", status)) {
    return FIRSTLIGHT_SOURCE_DIR;
  }
  throw Error::input("share/firstlight", "the folder with tasks and models is missing",
                     "set FIRSTLIGHT_SHARE to it");
}

std::string version() { return FIRSTLIGHT_VERSION; }

}  // namespace firstlight
