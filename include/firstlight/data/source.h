#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/data/sample.h"
#include "firstlight/data/split.h"

namespace firstlight {

struct ColumnInfo {
  std::string name;
  Provenance provenance = Provenance::kMeasured;
  std::string unit;
  std::string description;
};

/// Samples by position, in a stable order. Opening throws Error; afterwards a sample that cannot be
/// read is a Result with its cause. Pixels are read on demand and not kept: memory holds at most an
/// index. All methods are const and safe from several threads at once.
class SampleSource {
 public:
  virtual ~SampleSource() = default;

  virtual std::size_t size() const = 0;
  /// The id without decoding the sample: lets a run skip, shard and fold cheaply.
  virtual std::string id(std::size_t index) const = 0;
  virtual Result<Sample> load(std::size_t index) const = 0;
  /// Truth as written, without decoding pixels; nullopt where the sample has none.
  virtual std::optional<std::string> truth(std::size_t index) const = 0;
  /// What is known of the sample without decoding it, for one that cannot be: id, truth, and from
  /// some sources origin and metadata. It has no views.
  virtual Sample describe(std::size_t index) const;
  /// Metadata columns that samples of this source carry.
  virtual std::vector<ColumnInfo> columns() const = 0;
};

/// Opens DATA (design.md) except `sim:`, which lies above this module (registry/source.h opens
/// both): folder:DIR[?truth=subfolder] | csv:FILE[?path=COL&truth=COL&id=COL&truth_columns=A,B] |
/// npy:FILE[?truth=FILE] | hdf5:FILE[?images=NAME&truth=NAME] | fits:PATH[?hdu=N&bands=g,r,z]; a
/// bare path is recognised by what it is. docs/data-sources.md tells each in full. Throws Error.
std::unique_ptr<SampleSource> open_data_source(std::string_view spec);

/// The image and FITS files of a command line, in that order: each one sample with one view. Throws
/// Error::usage for an empty list, a missing file or another kind of file.
std::unique_ptr<SampleSource> source_of_files(const std::vector<std::string>& files);

/// Which part of a source to use. All selections are reproducible; split, fold and shard go by
/// stable_hash64(id), so that an object is in the same fold in every source that holds it.
struct Selection {
  std::optional<std::size_t> limit;   ///< first N of what the others leave, before the shard
  std::optional<std::size_t> sample;  ///< N at random (by hash of seed and id)
  std::uint64_t seed = 0;
  std::optional<std::pair<int, int>> fold;      ///< i of k, i from 0: keep this fold
  std::optional<std::pair<int, int>> not_fold;  ///< i of k: leave this fold out
  std::optional<Split> split;                   ///< by split_of_object(id)
  /// i of n, i from 0, applied last: the shards of a selection are together the selection.
  std::optional<std::pair<int, int>> shard;
  /// Ids that are left out before everything else.
  std::vector<std::string> without = {};
};

/// A view of `source` with the chosen positions, in source order. Throws Error::usage for an
/// impossible selection.
std::unique_ptr<SampleSource> select(std::unique_ptr<SampleSource> source,
                                     const Selection& selection);

}  // namespace firstlight
