#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "firstlight/base/random.h"
#include "firstlight/base/text.h"

namespace firstlight::fuzz {

/// Contents of the files in `folder` with one of the endings, in the order of their names.
inline std::vector<std::string> read_seeds(const std::string& folder,
                                           const std::vector<std::string>& endings) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string ending = entry.path().extension().string();
    if (std::find(endings.begin(), endings.end(), ending) != endings.end()) {
      paths.push_back(entry.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> seeds;
  for (const auto& path : paths) seeds.push_back(text::read_file(path));
  return seeds;
}

/// A file with one to eight changes: bits, bytes, extreme numbers, and parts cut out, doubled or
/// taken from another file. Half of the changes fall into the first 512 bytes, where headers are.
inline std::string mutate(const std::vector<std::string>& seeds, Random& random) {
  std::string bytes = seeds[random.below(seeds.size())];
  const std::uint64_t changes = 1 + random.below(8);
  for (std::uint64_t i = 0; i < changes && !bytes.empty(); ++i) {
    const std::size_t range =
        random.chance(0.5) ? std::min<std::size_t>(bytes.size(), 512) : bytes.size();
    const std::size_t at = random.below(range);
    const std::size_t length = std::min<std::size_t>(1 + random.below(64), bytes.size() - at);
    switch (random.below(8)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
        break;
      case 1:
      case 2:
        bytes[at] = static_cast<char>(random.below(256));
        break;
      case 3:
        for (std::size_t k = at; k < std::min(at + 4, bytes.size()); ++k) {
          bytes[k] = random.chance(0.5) ? '\xff' : '\x00';
        }
        break;
      case 4:
        bytes.erase(at, length);
        break;
      case 5:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 6: {
        const std::string& other = seeds[random.below(seeds.size())];
        const std::size_t from = random.below(other.size());
        bytes.replace(at, length, other.substr(from, length));
        break;
      }
      default:
        if (random.chance(0.2)) bytes.resize(at);
        // A digit for a digit keeps text headers well-formed.
        if (at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9') {
          bytes[at] = static_cast<char>('0' + random.below(10));
        }
    }
  }
  return bytes;
}

}  // namespace firstlight::fuzz
