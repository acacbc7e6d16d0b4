#pragma once

#include "firstlight/sim/lartpc.h"
#include "transport.h"

namespace firstlight::sim::lartpc {

inline constexpr double kDriftSpeed = 0.16;  ///< cm/us at 0.5 kV/cm and 87 K (Walkowiak 2000)

/// The argon of a readout, cm.
Volume volume_of(LartpcReadout readout);
/// Where interactions take place: the volume less a margin, wider at the far end.
Volume fiducial_of(LartpcReadout readout);

/// The maps of an event and what is measured; `vertex` is put into the frame of each view.
struct Maps {
  std::vector<LartpcView> views;
  std::vector<std::pair<double, double>> vertex_px;
  LartpcMeasured measured;
  int lit = 0;  ///< pixels of the maps that are not 0
};
Maps read_pixels(const Deposits& deposits, const Vec3& vertex, const LartpcOptions& options,
                 Random& random);
Maps read_wires(const Deposits& deposits, const Vec3& vertex, const LartpcOptions& options,
                Random& random);

/// Electrons that a segment frees and recombination leaves.
double electrons_of(const Segment& segment, const LartpcOptions& options);
/// What is left of them after `drift` cm.
double surviving(double drift, const LartpcOptions& options);
/// MeV for electrons, with the recombination of a muon.
double calorimetric_mev(double electrons, const LartpcOptions& options);

/// Whether a channel is dead, by its number.
bool is_dead(std::uint64_t channel, const LartpcOptions& options);
/// Lowest and highest of values that hold the given fraction of the weight between them.
std::pair<double, double> weighted_range(std::vector<std::pair<double, double>> value_weight,
                                         double tail);

}  // namespace firstlight::sim::lartpc
