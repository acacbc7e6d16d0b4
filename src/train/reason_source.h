#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "firstlight/base/random.h"
#include "firstlight/task/vocabulary.h"
#include "firstlight/train/pool.h"

namespace firstlight::train {

/// Draws reasons from a vocabulary and the truth of a stream's samples. Immutable; safe from any
/// thread.
class ReasonSource {
 public:
  /// Counts, in the streams of `domain`, how often each statement is true.
  ReasonSource(Vocabulary vocabulary, const std::vector<ImagePool>& pools,
               const std::string& domain);

  /// One to three statements that are true of a sample, in any order; empty where nothing is known
  /// of it. Of an attribute, rare statements are drawn as often as common ones, so that the words
  /// must come from the picture.
  std::string draw(const ImagePool& pool, std::size_t index, Random& random) const;

 private:
  Vocabulary vocabulary_;
  /// By stream, attribute and statement.
  std::map<const ImagePool*, std::vector<std::vector<std::size_t>>> counts_;
};

}  // namespace firstlight::train
