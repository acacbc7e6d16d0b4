#include "firstlight/registry/source.h"

#include <cstdint>

#include "firstlight/base/error.h"
#include "firstlight/base/spec.h"
#include "firstlight/base/text.h"
#include "firstlight/sim/lartpc_source.h"
#include "firstlight/sim/source.h"

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

}  // namespace firstlight
