#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/base/log.h"
#include "firstlight/data/source.h"

namespace firstlight {

/// A sample by its set and its place there.
struct SampleRef {
  std::size_t set = 0;
  std::size_t index = 0;
  friend bool operator==(const SampleRef&, const SampleRef&) = default;
};

/// How alike two pictures are.
enum class ImageMatch {
  kNone,
  kPixels,  ///< the same pixels
  kNear,    ///< the same exposure at another crop, size or compression
};

/// Two samples that show one object: `a` comes before `b` in the order of sets and places.
struct Duplicate {
  SampleRef a;
  SampleRef b;
  bool same_id = false;
  ImageMatch image = ImageMatch::kNone;
  /// Correlation of the aligned, locally normalised pictures, -1 to 1; 1 for equal pixels. Where
  /// only the ids agree and the pictures do not, none.
  std::optional<double> similarity;
  /// Side of the smaller field over that of the larger one; none where not aligned.
  std::optional<double> scale;
};

struct DuplicateOptions {
  bool by_id = true;
  bool by_image = true;
  bool within_sets = true;  ///< also compare samples of the same set
  /// Pairs of pictures from this similarity on are near-duplicates. Measured on all 25 million
  /// pairs of 7,100 SDSS cutouts: the same exposure at 224 and 128 pixels and at fields up to 5 %
  /// apart has 0.90 or more, other galaxies at most 0.38.
  double min_similarity = 0.5;
};

struct DuplicateReport {
  std::vector<std::size_t> samples;  ///< size of every set
  std::vector<Duplicate> pairs;      ///< in the order of `a`, then `b`
  struct Failure {
    SampleRef sample;
    std::string error;
  };
  std::vector<Failure> failures;  ///< samples whose picture could not be read: compared by id only
};

/// Finds samples that occur more than once, within a set and across sets. Only the first view is
/// looked at. Near-duplicates are found whatever the image size and compression where one picture
/// is a central crop of the other of at least half its side, off centre by some percent at most; a
/// rotated, mirrored or eccentric crop is not found. It is the noise of the exposure that is
/// recognised, so other images of the same object do not count. Takes some 16 kB of memory a
/// sample, and time that grows with the square of their number (src/data/duplicates.cpp tells how).
DuplicateReport find_duplicates(const std::vector<const SampleSource*>& sets,
                                const DuplicateOptions& options = {},
                                const ProgressSink& progress = {});

/// The split of every sample, set by set: that of its id (split_of_object), except that samples
/// which `pairs` connect, directly or through others, share the strictest split among them: test
/// before validation before train. So no object, under whatever name, is on two sides.
std::vector<std::vector<Split>> split_samples(const std::vector<const SampleSource*>& sets,
                                              const std::vector<Duplicate>& pairs);

}  // namespace firstlight
