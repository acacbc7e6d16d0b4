#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "firstlight/data/source.h"
#include "firstlight/sim/lartpc.h"

namespace firstlight::sim {

/// A setting of the event simulator by its name, as `sim:lartpc?NAME=VALUE` and, with dashes, as a
/// flag of `firstlight simulate lartpc`.
struct LartpcSetting {
  std::string name;
  std::string description;
  /// Throws Error::usage for a value that cannot be read.
  std::function<void(LartpcOptions&, const std::string&)> set;
};
const std::vector<LartpcSetting>& lartpc_settings();

/// Options from values by name; other names are left alone. Throws Error::usage as check() does.
LartpcOptions lartpc_options(const std::map<std::string, std::string>& values);

/// The source `sim:lartpc`: n events. Event k depends on (seed, k) and the options alone. Views are
/// those of the readout, pictures of one channel. Columns: `energy_mev`, `hits` and `extent_cm` are
/// measured; all others are truth (LartpcTruth).
std::unique_ptr<SampleSource> make_lartpc_source(std::size_t n, std::uint64_t seed,
                                                 const LartpcOptions& options);

}  // namespace firstlight::sim
