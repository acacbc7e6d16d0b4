#include "firstlight/task/condition.h"

#include <algorithm>

#include "firstlight/task/yaml.h"

namespace firstlight {
namespace {

constexpr double kHuge = 1e9;

std::optional<double> number(const MetadataValue& value) {
  if (const auto* x = std::get_if<double>(&value)) return *x;
  if (const auto* x = std::get_if<std::int64_t>(&value)) return static_cast<double>(*x);
  if (const auto* x = std::get_if<bool>(&value)) return *x ? 1.0 : 0.0;
  return std::nullopt;
}

}  // namespace

bool Condition::holds(const std::optional<std::string>& sample_truth,
                      const std::vector<Metadata>& columns) const {
  if (truth && (!sample_truth || *sample_truth != *truth)) return false;
  const auto find = [&](const std::string& name) {
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const Metadata& column) { return column.name == name; });
    return found == columns.end() ? MetadataValue{} : found->value;
  };
  const bool texts = std::all_of(is.begin(), is.end(), [&](const auto& condition) {
    const auto& allowed = condition.second;
    return std::find(allowed.begin(), allowed.end(), to_text(find(condition.first))) !=
           allowed.end();
  });
  return texts && std::all_of(where.begin(), where.end(), [&](const auto& condition) {
           const auto value = number(find(condition.first));
           return value && *value >= condition.second.first && *value < condition.second.second;
         });
}

Condition read_condition(const yaml::Node& node) {
  Condition condition;
  if (const yaml::Node* truth = node.find("truth")) condition.truth = truth->text();
  if (const yaml::Node* columns = node.find("is")) {
    for (const std::string& column : columns->keys()) {
      for (const yaml::Node& text : columns->at(column).items()) {
        condition.is[column].push_back(text.text());
      }
    }
  }
  if (const yaml::Node* columns = node.find("where")) {
    for (const std::string& column : columns->keys()) {
      const yaml::Node& range = columns->at(column);
      if (range.items().size() != 2) throw range.error("a range is [low, high]");
      condition.where.emplace(column, std::pair(range.items()[0].number(-kHuge, kHuge),
                                                range.items()[1].number(-kHuge, kHuge)));
    }
  }
  return condition;
}

}  // namespace firstlight
