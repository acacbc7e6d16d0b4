#include "recipe_reader.h"

namespace firstlight::train {
namespace {

MapChanges::Flip read_flip(const yaml::Node& map, const char* key) {
  const yaml::Node* node = map.find(key);
  if (node == nullptr || node->text() == "no") return MapChanges::Flip::kNo;
  if (node->text() == "each") return MapChanges::Flip::kEach;
  if (node->text() == "together") return MapChanges::Flip::kTogether;
  throw node->error("is no, each or together, not '" + node->text() + "'");
}

}  // namespace

MapChanges read_changes(const yaml::Node& node) {
  node.require_known({"flip_vertical", "flip_horizontal", "quarter_turns", "shift", "half",
                      "quarter", "charge", "lost"});
  MapChanges changes;
  changes.flip_vertical = read_flip(node, "flip_vertical");
  changes.flip_horizontal = read_flip(node, "flip_horizontal");
  take(node, "quarter_turns", changes.quarter_turns);
  take(node, "shift", changes.shift, 0);
  take(node, "half", changes.half, 1.0);
  take(node, "quarter", changes.quarter, 1.0);
  take(node, "charge", changes.charge, 1.0);
  take(node, "lost", changes.lost, 1.0);
  if (changes.half + changes.quarter > 1) throw node.error("half and quarter are over 1 together");
  return changes;
}

}  // namespace firstlight::train
