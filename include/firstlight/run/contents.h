#pragma once

#include "firstlight/run/config.h"

namespace firstlight {

/// What the runs of a configuration hold beside scores: text that the model wrote about each
/// sample, and the reasons of the labels.
bool has_free_text(const RunConfig& config);
bool has_reasons(const RunConfig& config);

}  // namespace firstlight
