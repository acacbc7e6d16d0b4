#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "firstlight/task/yaml.h"
#include "firstlight/train/map_changes.h"

/// What recipes of every kind read alike.
namespace firstlight::train {

constexpr double kHugeNumber = 1e9;

/// Values of keys that may be left out.
inline void take(const yaml::Node& map, const char* key, std::int64_t& target,
                 std::int64_t low = 1) {
  if (const yaml::Node* node = map.find(key)) target = node->integer(low, 1'000'000'000);
}
inline void take(const yaml::Node& map, const char* key, int& target, std::int64_t low = 1) {
  if (const yaml::Node* node = map.find(key)) {
    target = static_cast<int>(node->integer(low, 1'000'000));
  }
}
inline void take(const yaml::Node& map, const char* key, double& target,
                 double high = kHugeNumber) {
  if (const yaml::Node* node = map.find(key)) target = node->number(0, high);
}
inline void take(const yaml::Node& map, const char* key, bool& target) {
  if (const yaml::Node* node = map.find(key)) target = node->boolean();
}

inline std::vector<std::string> texts(const yaml::Node& list) {
  std::vector<std::string> values;
  for (const yaml::Node& item : list.items()) values.push_back(item.text());
  return values;
}

/// `changes` of sparse maps.
MapChanges read_changes(const yaml::Node& node);

}  // namespace firstlight::train
