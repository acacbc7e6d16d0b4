#include "folder_hash.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "firstlight/base/hash.h"
#include "firstlight/nn/weights_mark.h"

namespace firstlight::nn {

std::string hash_of_folder(const std::string& folder, const std::string& settings) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string ending = entry.path().extension().string();
    if (entry.is_regular_file() && entry.path().filename() != kCalibrationFile &&
        (ending == ".json" || ending == ".jinja" || ending == ".safetensors")) {
      files.push_back(entry.path().filename().string());
    }
  }
  std::sort(files.begin(), files.end());
  ContentHash hash;
  hash.update(settings);
  for (const std::string& file : files) {
    hash.update(file + " " + sha256_hex_of_file(folder + "/" + file) + "\n");
  }
  return hash.hex();
}

std::string name_of_folder(const std::string& folder) {
  const std::filesystem::path path = std::filesystem::weakly_canonical(folder);
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

}  // namespace firstlight::nn
