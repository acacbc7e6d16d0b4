#pragma once

#include <cstddef>
#include <vector>

#include "firstlight/check/trials.h"

namespace firstlight::check_detail {

struct Labelled {
  std::size_t position;
  ClassId truth;
};

/// Samples whose truth is a class. Throws Error::usage where a truth names no class, and
/// Error::input where no sample has one.
std::vector<Labelled> labelled_samples(const SampleSource& source, const Task& task,
                                       const CheckOptions& options);

}  // namespace firstlight::check_detail
