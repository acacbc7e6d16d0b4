#pragma once

#include <memory>
#include <string_view>

#include "firstlight/data/source.h"

namespace firstlight {

namespace yaml {
class Node;
}

/// Opens any DATA: sim:NAME[?n=N&seed=S] (100 samples and seed 1 unless told) or what
/// open_data_source takes. Throws Error.
std::unique_ptr<SampleSource> open_source(std::string_view spec);

/// `split: NAME`, `fold: [i, k]` and `not_fold: [i, k]` of a stream of a recipe (docs/training.md).
/// Throws Error::usage with file and line.
Selection read_selection(const yaml::Node& stream);

}  // namespace firstlight
