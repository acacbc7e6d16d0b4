#pragma once

#include <cstddef>
#include <functional>
#include <optional>
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

/// What to do with samples that are classified some at a time.
struct EachSample {
  /// Sample i; nullopt where it cannot be read. Called from many threads.
  std::function<std::optional<PreparedSample>(std::size_t)> prepare;
  /// With its scores; not for samples without.
  std::function<void(std::size_t, const PreparedSample&, const LabelScores&)> use;
  /// How many have been seen, after each batch.
  std::function<void(std::size_t)> done;
};
void classify_each(std::size_t count, const Classifier& classifier, int batch,
                   const EachSample& each);

}  // namespace firstlight::check_detail
