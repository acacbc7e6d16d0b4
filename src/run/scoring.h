#pragma once

#include <cstddef>
#include <span>

#include "firstlight/model/classifier.h"
#include "firstlight/run/runner.h"
#include "firstlight/run/store.h"

namespace firstlight::run_detail {

/// Scores some samples in every pass, and lets the model write where `options` ask for it; what
/// fails becomes a failed record. Returns how many there are before the first one that was not
/// asked about, the model being called off.
std::size_t score_samples(std::span<const PreparedSample> samples,
                          std::span<SampleRecord* const> records, const Classifier& classifier,
                          const Task& task, const RunOptions& options);

}  // namespace firstlight::run_detail
