#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "firstlight/run/store.h"

namespace firstlight::run_detail {

/// Decides which samples keep a preview: for every kind and group the `capacity` samples with the
/// lowest rank, ties by position. What is kept after n samples depends on these n samples only, so
/// a run that was killed and continued keeps the same ones.
class PreviewContest {
 public:
  /// At most kMaxPreviews over the two kinds and `classes` groups; with more classes than that
  /// allows, one group holds them all.
  explicit PreviewContest(std::size_t classes);

  /// Restores a winner when a run is continued.
  void restore(std::uint64_t position, const PreviewChoice& choice);

  struct Outcome {
    std::vector<PreviewChoice> won;
    /// Places lost by earlier samples.
    std::vector<std::pair<std::uint64_t, PreviewChoice>> lost;
    /// Samples that hold no place any longer.
    std::vector<std::uint64_t> removed;
  };
  Outcome enter(std::uint64_t position, const std::vector<PreviewChoice>& choices);

 private:
  using Key = std::pair<std::string, std::string>;
  Key key(const PreviewChoice& choice) const;

  std::size_t capacity_;
  bool one_group_;
  std::map<Key, std::set<std::pair<double, std::uint64_t>>> places_;
  std::map<std::uint64_t, int> held_;
};

}  // namespace firstlight::run_detail
