#pragma once

#include <functional>

#include "firstlight/base/random.h"
#include "firstlight/sim/galaxies.h"
#include "firstlight/sim/render.h"
#include "scene.h"

namespace firstlight::sim {

/// What is common to all galaxies. Lengths in native pixels, places in the drawn frame, of which
/// the middle `native` pixels are delivered, turned by `turn`.
struct Frame {
  int native = 100;
  int drawn = 100;
  double turn = 0;
  double fwhm = 3.3;  ///< seeing
  double peak = 150;  ///< central surface brightness after seeing, sky noise
  double extent = 8;  ///< visible extent aimed at
  double x = 0;       ///< the galaxy's place
  double y = 0;
};

struct Galaxy {
  Scene scene;  ///< light before seeing, in any unit
  GalaxyTruth truth;
  explicit Galaxy(const Frame& frame) : scene(frame.drawn, frame.drawn) {}
};

/// Surface brightness along the major axis as a function of the radius in half-light radii.
using MajorAxisProfile = std::function<double(double)>;
/// Half-light radius in native pixels for which the galaxy fills the frame as it should. `planar`
/// says whether light is spread over ellipses or along a line.
double fitting_radius(const Frame& frame, const MajorAxisProfile& profile, bool planar);
/// Truth of the main component (`shape.radius`: half-light radius), as delivered.
void set_geometry(GalaxyTruth& truth, const Frame& frame, const Ellipse& shape);

void draw_spheroid(Galaxy& galaxy, const Frame& frame, Random& random, bool cigar);
void draw_edge_on(Galaxy& galaxy, const Frame& frame, Random& random);
void draw_spiral(Galaxy& galaxy, const Frame& frame, Random& random);

}  // namespace firstlight::sim
