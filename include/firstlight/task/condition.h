#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "firstlight/base/metadata.h"

namespace firstlight {

namespace yaml {
class Node;
}

/// What a sample's truth and columns must be: truth equals `truth` (if given), every column of `is`
/// holds one of its texts, and every column of `where` lies in its range [low, high).
struct Condition {
  std::optional<std::string> truth;
  std::map<std::string, std::vector<std::string>> is;
  std::map<std::string, std::pair<double, double>> where;

  bool holds(const std::optional<std::string>& sample_truth,
             const std::vector<Metadata>& columns) const;
};

/// The keys `truth`, `is` and `where` of a map. Throws Error::usage.
Condition read_condition(const yaml::Node& node);

}  // namespace firstlight
