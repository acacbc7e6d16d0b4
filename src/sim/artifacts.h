#pragma once

#include "firstlight/base/random.h"
#include "firstlight/sim/lsbg.h"
#include "lsbg_parts.h"

namespace firstlight::sim {

/// Draws the artifact that `truth.kind` names and notes in `truth` what it is like.
void draw_artifact(LsbgFrame& frame, Random& random, LsbgTruth& truth);

}  // namespace firstlight::sim
