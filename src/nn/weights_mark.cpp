#include "firstlight/nn/weights_mark.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <vector>

#include "firstlight/base/hash.h"
#include "firstlight/base/log.h"
#include "firstlight/nn/safetensors.h"

namespace firstlight::nn {
namespace {

/// Blocks of each file that tell one training from another.
constexpr std::size_t kBlocks = 16;
constexpr std::size_t kBlockBytes = 4096;

}  // namespace

std::string mark_of_weights(const std::string& folder) {
  ContentHash hash;
  std::vector<char> block(kBlockBytes);
  for (const std::string& path : Weights::open(folder).files()) {
    const std::uint64_t size = std::filesystem::file_size(path);
    hash.update(std::to_string(size) + "\n");
    std::ifstream file(path, std::ios::binary);
    for (std::size_t i = 0; i < kBlocks; ++i) {
      file.clear();
      file.seekg(static_cast<std::streamoff>(size / kBlocks * i));
      file.read(block.data(), kBlockBytes);
      hash.update(block.data(), static_cast<std::size_t>(file.gcount()));
    }
  }
  return hash.hex();
}

bool is_for_weights(const std::string& mark, const std::string& folder, const std::string& path,
                    const std::string& again) {
  if (mark == mark_of_weights(folder)) return true;
  log_warning(path + ": is for other weights than the folder's, so it is left alone; " + again);
  return false;
}

}  // namespace firstlight::nn
