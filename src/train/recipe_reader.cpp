#include "recipe_reader.h"

namespace firstlight::train {
namespace {

std::optional<std::pair<int, int>> read_fold(const yaml::Node& stream, const char* key) {
  const yaml::Node* node = stream.find(key);
  if (node == nullptr) return std::nullopt;
  if (node->items().size() != 2) throw node->error("a fold is [i, k]");
  const std::int64_t k = node->items()[1].integer(2, 1'000'000);
  return std::pair(static_cast<int>(node->items()[0].integer(0, k - 1)), static_cast<int>(k));
}

}  // namespace

Selection read_selection(const yaml::Node& stream) {
  Selection selection;
  if (const yaml::Node* split = stream.find("split")) selection.split = parse_split(split->text());
  selection.fold = read_fold(stream, "fold");
  selection.not_fold = read_fold(stream, "not_fold");
  return selection;
}

}  // namespace firstlight::train
