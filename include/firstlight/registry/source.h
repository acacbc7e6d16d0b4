#pragma once

#include <memory>
#include <string_view>

#include "firstlight/data/source.h"

namespace firstlight {

/// Opens any DATA: sim:NAME[?n=N&seed=S] (100 samples and seed 1 unless told) or what
/// open_data_source takes. Throws Error.
std::unique_ptr<SampleSource> open_source(std::string_view spec);

}  // namespace firstlight
