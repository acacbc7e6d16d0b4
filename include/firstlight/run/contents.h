#pragma once

#include "firstlight/run/config.h"

namespace firstlight {

/// What the runs of a configuration hold beside scores: text that the model wrote about each
/// sample, the reasons of the labels, and how far the pictures are from those of training.
bool has_free_text(const RunConfig& config);
bool has_reasons(const RunConfig& config);
bool has_domain(const RunConfig& config);

}  // namespace firstlight
