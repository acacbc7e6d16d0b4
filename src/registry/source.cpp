#include "firstlight/registry/source.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/spec.h"
#include "firstlight/base/text.h"
#include "firstlight/sim/lartpc_source.h"
#include "firstlight/sim/source.h"
#include "firstlight/task/yaml.h"

namespace firstlight {
namespace {

constexpr std::int64_t kDefaultSimulated = 100;
/// An index of ids is built for folds and samples; more than this is a mistyped number.
constexpr std::int64_t kMaxSimulated = 100'000'000;

std::int64_t number(const Spec& spec, const std::string& key, std::int64_t standard,
                    std::int64_t low, std::int64_t high) {
  const auto option = spec.option(key);
  if (!option) return standard;
  const auto value = text::parse_int(*option);
  if (!value || *value < low || *value > high) {
    throw Error::usage(spec.text, key + "=" + *option + " is not a number from " +
                                      std::to_string(low) + " to " + std::to_string(high));
  }
  return *value;
}

std::optional<std::pair<int, int>> read_fold(const yaml::Node& stream, const char* key) {
  const yaml::Node* node = stream.find(key);
  if (node == nullptr) return std::nullopt;
  if (node->items().size() != 2) throw node->error("a fold is [i, k]");
  const std::int64_t k = node->items()[1].integer(2, 1'000'000);
  return std::pair(static_cast<int>(node->items()[0].integer(0, k - 1)), static_cast<int>(k));
}

}  // namespace

std::unique_ptr<SampleSource> open_source(std::string_view text) {
  const Spec spec = parse_spec(text, {"sim"});
  if (spec.scheme != "sim") return open_data_source(text);
  const bool events = spec.body == "lartpc";
  std::vector<std::string> known = {"n", "seed"};
  if (events) {
    for (const sim::LartpcSetting& setting : sim::lartpc_settings()) known.push_back(setting.name);
  }
  spec.require_known(known);
  const auto n = number(spec, "n", kDefaultSimulated, 1, kMaxSimulated);
  const auto seed = number(spec, "seed", 1, 0, INT64_MAX);
  if (events) {
    return sim::make_lartpc_source(static_cast<std::size_t>(n), static_cast<std::uint64_t>(seed),
                                   sim::lartpc_options(spec.options));
  }
  return sim::make_simulator_source(spec.body, static_cast<std::size_t>(n),
                                    static_cast<std::uint64_t>(seed));
}

Selection read_selection(const yaml::Node& stream) {
  Selection selection;
  if (const yaml::Node* split = stream.find("split")) selection.split = parse_split(split->text());
  selection.fold = read_fold(stream, "fold");
  selection.not_fold = read_fold(stream, "not_fold");
  return selection;
}

}  // namespace firstlight
