#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "firstlight/data/source.h"

namespace firstlight::sim {

/// Names behind `sim:NAME` that make pictures: galaxies, lsbg. Events (`sim:lartpc`) have a source
/// of their own (sim/lartpc_source.h).
const std::vector<std::string>& simulator_names();

struct SimulatorOptions {
  std::optional<int> size;               ///< side in pixels; else 224 (galaxies) or 64 (lsbg)
  std::optional<std::string> class_key;  ///< only this class
};

/// The source `sim:NAME[?n=N&seed=S]`: n samples with truth. Sample k depends on (seed, k) alone,
/// whatever n; its id (`galaxies-7-000012`) does not tell the class. One view, `image`, an 8-bit
/// RGB picture; every metadata column is truth. Throws Error::usage for an unknown name or class.
std::unique_ptr<SampleSource> make_simulator_source(const std::string& name, std::size_t n,
                                                    std::uint64_t seed,
                                                    const SimulatorOptions& options = {});

}  // namespace firstlight::sim
