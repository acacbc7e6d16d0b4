#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "firstlight/base/random.h"
#include "firstlight/image/image.h"

namespace firstlight::sim {

/// The version of the event simulator. It is raised with every change that changes an event; the
/// column `simulator` carries it, so that a model can say what it was trained on.
inline constexpr const char* kLartpcVersion = "lartpc-1";

/// How charge in a liquid-argon time projection chamber is read.
enum class LartpcReadout {
  /// The modular detector of arXiv:2509.08461: 1.8 x 2 x 7 m, anodes at x = -0.9, -0.3, 0.3 and
  /// 0.9 m, square pixels of 5 mm; views `xz` and `yz`.
  kPixels,
  /// Twelve anode planes of DUNE's far detector (1 x 2 x 6, each 2.3 x 6 m, 3.6 m of drift), wires
  /// U
  /// and V at 35.7 degrees and Z upright, 4.67 and 4.79 mm apart, 6.4 ticks of 0.5 us a pixel in
  /// time: the maps of DUNE's convolutional visual network (Phys. Rev. D 102, 092003); views `u`,
  /// `v` and `z`.
  kWires,
};

/// Options of the event simulator; an empty one has the value in its comment.
struct LartpcOptions {
  LartpcReadout readout = LartpcReadout::kPixels;
  std::optional<std::string> class_key;  ///< nue_cc, numu_cc, nc or nutau_cc; else all but the last
  double tau_share = 0;               ///< fraction of nutau_cc among events of all classes, [0, 1]
  double energy_min_gev = 0.5;        ///< neutrino energies are uniform from here
  double energy_max_gev = 10;         ///< ... to here; a tau neutrino has at least 4 GeV
  std::optional<double> pitch_mm;     ///< of pixels (5), or of all wires (4.67 and 4.79), 1 to 50
  std::optional<int> size;            ///< side of a map; 2560 mm / pitch for pixels, 500 for wires
  double field_kv_cm = 0.5;           ///< drift field, for recombination; the speed stays 1.6 mm/us
  double lifetime_ms = 10;            ///< of drifting electrons; 0 = no losses
  std::string recombination = "box";  ///< box (ArgoNeuT), birks (ICARUS) or none (0.7 for all)
  double noise = 1;                   ///< times 500 electrons a pixel, or 400 a hit
  double threshold = 1;               ///< times 5000 electrons a pixel, or 4000 a hit
  double dead_channels = 0;           ///< fraction of pixels or wires without signal, [0, 1)
  std::uint64_t detector_seed = 1;    ///< which channels are dead
};

/// Throws Error::usage for a value outside its range.
void check(const LartpcOptions& options);

/// What is known of an event.
struct LartpcTruth {
  std::string class_key;
  std::string interaction;  ///< QE, MEC, RES, DIS or COH
  double e_nu_gev = 0;
  double e_lep_gev = 0;  ///< of the charged lepton, or the outgoing neutrino
  double q2_gev2 = 0;
  double w_gev = 0;
  /// Hadrons that left the nucleus: nucleons above 30 MeV.
  int n_proton = 0, n_pion = 0, n_pizero = 0, n_neutron = 0;
  double longest_track_cm = 0;   ///< in the detector, without electrons
  std::string longest_track;     ///< its particle
  int showers = 0;               ///< with 20 MeV or more in the detector
  double shower_energy_mev = 0;  ///< of the greatest
  double shower_gap_cm = 0;      ///< from its birth to its conversion; 0 for an electron
  double deposited_mev = 0;
  double escaped_mev = 0;
  double x_cm = 0, y_cm = 0, z_cm = 0;  ///< vertex
  /// Vertex in each view, pixels from the left and the top; may lie outside.
  std::vector<std::pair<double, double>> vertex_px;
};

/// What the detector measures of it.
struct LartpcMeasured {
  double energy_mev = 0;  ///< calorimetric: all charge, as if everywhere as dense as a muon's
  int hits = 0;           ///< pixels in space, or hits of the plane Z
  double extent_cm = 0;   ///< along the beam, between the 1st and 99th percentile of the charge
};

struct LartpcView {
  std::string name;
  Image image;  ///< one channel; charge, 255 is full scale (docs/lartpc-simulation.md)
};

struct LartpcEvent {
  std::vector<LartpcView> views;
  LartpcTruth truth;
  LartpcMeasured measured;
};

/// The class of the next event, then the event, from one stream of random numbers. An interaction
/// that leaves fewer than 30 lit pixels a map is drawn again within its class: nothing can be seen
/// of it.
std::string draw_lartpc_class(Random& random, const LartpcOptions& options);
LartpcEvent simulate_lartpc(Random& random, const LartpcOptions& options);

}  // namespace firstlight::sim
