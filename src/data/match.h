#pragma once

#include <cstddef>
#include <vector>

#include "fingerprint.h"

namespace firstlight {

/// Two thumbnails that may show one exposure: `inner` looks like the central part, of relative side
/// `side`, of `outer`.
struct Candidate {
  std::size_t outer = 0;
  std::size_t inner = 0;
  double side = 1;
  float score = 0;
};

/// Compares every thumbnail with every other at seven scales by 16 x 16 cells, exhaustively. One
/// candidate a pair, with its best scale. `usable[i]` is false for thumbnails to leave out; where
/// `groups` is not empty, thumbnails of the same group are not compared.
std::vector<Candidate> find_candidates(const std::vector<Thumbnail>& thumbnails,
                                       const std::vector<bool>& usable,
                                       const std::vector<std::size_t>& groups = {});

/// Where a candidate fits best, by 32 x 32 cells.
struct Alignment {
  double similarity = 0;
  double side = 1;
};
/// Climbs from the candidate's scale over scale and shift.
Alignment align(const Fingerprints& outer, const Fingerprints& inner, double side);

}  // namespace firstlight
