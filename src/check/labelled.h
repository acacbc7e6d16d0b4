#pragma once

#include <cstddef>
#include <functional>
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

/// Sample i, prepared. Called from many threads.
using Prepare = std::function<Result<PreparedSample>(std::size_t)>;

/// Samples for one call of a classifier: those that could be prepared.
struct PreparedBatch {
  std::vector<PreparedSample> samples;
  std::vector<std::size_t> place;  ///< of each, among all samples
};
PreparedBatch prepare_batch(std::size_t begin, std::size_t end, const Prepare& prepare);

/// What to do with samples that are classified some at a time.
struct EachSample {
  Prepare prepare;
  /// With its scores; not for samples without.
  std::function<void(std::size_t, const PreparedSample&, const LabelScores&)> use;
  /// How many have been seen, after each batch.
  std::function<void(std::size_t)> done;
};
void classify_each(std::size_t count, const Classifier& classifier, int batch,
                   const EachSample& each);

}  // namespace firstlight::check_detail
