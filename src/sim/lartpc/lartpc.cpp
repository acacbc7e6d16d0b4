#include "firstlight/sim/lartpc.h"

#include <algorithm>
#include <cmath>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "generator.h"
#include "readout.h"
#include "transport.h"

namespace firstlight::sim {
namespace {

using namespace lartpc;

/// Of arXiv:2509.08461: 74 % charged currents, half of each flavour.
constexpr double kChargedShare = 0.74;
constexpr double kTauThresholdGev = 4;
constexpr int kLeastLit = 30;

const std::vector<std::string>& classes() {
  static const std::vector<std::string> keys = {"nue_cc", "numu_cc", "nc", "nutau_cc"};
  return keys;
}

void require(bool good, const std::string& what, const std::string& advice) {
  if (!good) throw Error::usage("lartpc", what, advice);
}

Interaction interact_as(const std::string& key, const LartpcOptions& options, Random& random) {
  const bool charged = key != "nc";
  Flavour flavour = random.chance(0.5) ? Flavour::kElectron : Flavour::kMuon;
  if (key == "nue_cc") flavour = Flavour::kElectron;
  if (key == "numu_cc") flavour = Flavour::kMuon;
  if (key == "nutau_cc") flavour = Flavour::kTau;
  double low = options.energy_min_gev, high = options.energy_max_gev;
  if (flavour == Flavour::kTau) {
    low = std::max(low, kTauThresholdGev);
    high = std::max(high, low);
  }
  return interact(flavour, charged, 1000 * random.uniform(low, high), random);
}

LartpcTruth truth_of(const std::string& key, const Interaction& interaction,
                     const Deposits& deposits, const Vec3& vertex) {
  LartpcTruth t;
  t.class_key = key;
  t.interaction = interaction.kind;
  t.e_nu_gev = interaction.neutrino_energy / 1000;
  t.e_lep_gev = interaction.lepton.e / 1000;
  t.q2_gev2 = interaction.q2 / 1e6;
  t.w_gev = interaction.w / 1000;
  t.n_proton = interaction.protons;
  t.n_pion = interaction.charged_pions;
  t.n_pizero = interaction.neutral_pions;
  t.n_neutron = interaction.neutrons;
  for (const TrackRecord& track : deposits.tracks) {
    if (track.length <= t.longest_track_cm) continue;
    t.longest_track_cm = track.length;
    t.longest_track = name_of(track.species);
  }
  for (const ShowerRecord& shower : deposits.showers) {
    if (shower.energy >= 20) ++t.showers;
    if (shower.energy <= t.shower_energy_mev) continue;
    t.shower_energy_mev = shower.energy;
    t.shower_gap_cm = shower.gap;
  }
  t.deposited_mev = deposits.energy;
  t.escaped_mev = deposits.escaped;
  t.x_cm = vertex.x;
  t.y_cm = vertex.y;
  t.z_cm = vertex.z;
  return t;
}

}  // namespace

void check(const LartpcOptions& o) {
  if (o.class_key &&
      std::find(classes().begin(), classes().end(), *o.class_key) == classes().end()) {
    throw Error::unknown_key("class", *o.class_key, classes());
  }
  require(o.tau_share >= 0 && o.tau_share <= 1, "the share of tau neutrinos is not from 0 to 1",
          "give a fraction");
  require(
      o.energy_min_gev >= 0.3 && o.energy_max_gev <= 100 && o.energy_min_gev <= o.energy_max_gev,
      "the energies are not in order between 0.3 and 100 GeV", "the first is the lower one");
  require(!o.pitch_mm || (*o.pitch_mm >= 1 && *o.pitch_mm <= 50), "the pitch is not 1 to 50 mm",
          "5 is the paper's");
  require(!o.size || (*o.size >= 32 && *o.size <= 2048), "the size is not 32 to 2048 pixels",
          "512 and 500 are usual");
  require(o.field_kv_cm >= 0.05 && o.field_kv_cm <= 5, "the field is not 0.05 to 5 kV/cm",
          "0.5 is usual");
  require(o.lifetime_ms >= 0 && o.lifetime_ms <= 1e6, "the lifetime is negative or over 1e6 ms",
          "0 is no losses");
  require(o.recombination == "box" || o.recombination == "birks" || o.recombination == "none",
          "the recombination '" + o.recombination + "' is not known", "use box, birks or none");
  require(o.noise >= 0 && o.noise <= 1000, "the noise is not 0 to 1000", "1 is usual");
  require(o.threshold >= 0 && o.threshold <= 1000, "the threshold is not 0 to 1000", "1 is usual");
  require(o.dead_channels >= 0 && o.dead_channels < 1, "dead channels are not from 0 to below 1",
          "give a fraction");
}

std::string draw_lartpc_class(Random& random, const LartpcOptions& options) {
  const double first = random.uniform(), second = random.uniform();
  if (options.class_key) return *options.class_key;
  if (first < options.tau_share) return "nutau_cc";
  if (second >= kChargedShare) return "nc";
  return second < kChargedShare / 2 ? "nue_cc" : "numu_cc";
}

LartpcEvent simulate_lartpc(Random& random, const LartpcOptions& options) {
  const std::string key = draw_lartpc_class(random, options);
  const Volume volume = volume_of(options.readout);
  const Volume fiducial = fiducial_of(options.readout);
  for (;;) {
    const Vec3 vertex = {random.uniform(fiducial.low.x, fiducial.high.x),
                         random.uniform(fiducial.low.y, fiducial.high.y),
                         random.uniform(fiducial.low.z, fiducial.high.z)};
    Interaction interaction = interact_as(key, options, random);
    for (Particle& p : interaction.particles) p.position = vertex;
    const Deposits deposits = transport(interaction.particles, volume, random);
    Maps maps = options.readout == LartpcReadout::kPixels
                    ? read_pixels(deposits, vertex, options, random)
                    : read_wires(deposits, vertex, options, random);
    if (maps.lit < kLeastLit * static_cast<int>(maps.views.size())) continue;
    LartpcEvent event;
    event.truth = truth_of(key, interaction, deposits, vertex);
    event.truth.vertex_px = std::move(maps.vertex_px);
    event.views = std::move(maps.views);
    event.measured = maps.measured;
    return event;
  }
}

}  // namespace firstlight::sim
