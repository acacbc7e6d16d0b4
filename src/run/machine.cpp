#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "firstlight/base/paths.h"
#include "firstlight/base/text.h"
#include "firstlight/run/config.h"

namespace firstlight {
namespace {

/// The value of the first line `key : value` of /proc/cpuinfo; empty where there is none.
std::string cpuinfo(const std::string& key) {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos && text::trim(line.substr(0, colon)) == key) {
      return text::trim(line.substr(colon + 1));
    }
  }
  return {};
}

std::string instruction_sets() {
  std::istringstream words(cpuinfo("flags"));
  std::set<std::string> flags;
  for (std::string word; words >> word;) flags.insert(word);
  std::vector<std::string> found;
  for (const char* name : {"avx2", "fma", "f16c", "avx512f", "avx512_bf16", "amx_bf16"}) {
    if (flags.count(name) > 0) found.push_back(name);
  }
  return found.empty() ? "baseline" : text::join(found, " ");
}

}  // namespace

std::map<std::string, std::string> describe_machine() {
  std::map<std::string, std::string> machine;
  machine["program"] = "firstlight " + version();
  const std::string processor = cpuinfo("model name");
  machine["processor"] = processor.empty() ? "unknown" : processor;
  machine["instruction_sets"] = instruction_sets();
  machine["cores"] = std::to_string(std::thread::hardware_concurrency());
  machine["memory_bytes"] =
      std::to_string(static_cast<long long>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE));
  struct utsname name = {};
  if (uname(&name) == 0) {
    machine["system"] = std::string(name.sysname) + " " + name.release + " " + name.machine;
  }
  return machine;
}

}  // namespace firstlight
