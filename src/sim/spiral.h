#pragma once

#include "firstlight/base/random.h"
#include "firstlight/sim/render.h"

namespace firstlight::sim {

/// Arms of a disk galaxy in the plane of its disk; lengths in scale lengths of the disk.
struct SpiralPattern {
  int arms = 2;        ///< logarithmic arms; 0: flocculent only
  double pitch = 0.3;  ///< radians: R = R_0 exp(theta tan(pitch))
  double phase = 0;
  bool clockwise = false;
  double sharpness = 2;     ///< of the von Mises cross-section exp(k (cos - 1))
  double inner = 0.4;       ///< arms fade in around this radius
  double outer = 5;         ///< and end here
  double lopsidedness = 0;  ///< relative strength of one side
  double wobble = 0.2;      ///< irregularity of the arms' course, radians
  double flocculence = 0;   ///< relative strength of ragged structure
};

/// Light of a disk seen at axis ratio `disk.axis_ratio`, scale length `disk.radius`, split by age.
/// Both planes are given as they come: `smooth` sums to the flux of the disk in the frame (1 in an
/// endless frame), `young` to whatever the arms have with contrast 1.
struct SpiralLight {
  Plane smooth;
  Plane young;
};
SpiralLight spiral_light(int width, int height, const Ellipse& disk, const SpiralPattern& pattern,
                         double dust, Random& random);

}  // namespace firstlight::sim
