#pragma once

#include <cstdint>
#include <vector>

#include "vectors.h"

namespace firstlight::sim::lartpc {

enum class Species : std::uint8_t {
  kElectron,
  kPositron,
  kMuonMinus,
  kMuonPlus,
  kTau,
  kNeutrino,
  kPhoton,
  kPiPlus,
  kPiMinus,
  kPiZero,
  kProton,
  kNeutron,
};

/// Masses in MeV: Review of Particle Physics, PTEP 2022, 083C01.
inline constexpr double kElectronMass = 0.51099895;
inline constexpr double kMuonMass = 105.6583755;
inline constexpr double kTauMass = 1776.86;
inline constexpr double kPionMass = 139.57039;
inline constexpr double kPiZeroMass = 134.9768;
inline constexpr double kProtonMass = 938.27208816;
inline constexpr double kNeutronMass = 939.56542052;
inline constexpr double kNucleonMass = 0.5 * (kProtonMass + kNeutronMass);

double mass_of(Species species);
int charge_of(Species species);
inline bool is_nucleon(Species s) { return s == Species::kProton || s == Species::kNeutron; }
inline bool is_pion(Species s) {
  return s == Species::kPiPlus || s == Species::kPiMinus || s == Species::kPiZero;
}
/// Name as truth columns give it.
const char* name_of(Species species);

struct Particle {
  Species species = Species::kProton;
  FourVector p;
  Vec3 position;  ///< cm in the detector; fm inside a nucleus

  double kinetic() const { return p.e - mass_of(species); }
};

/// n bodies of the given masses from a mass `m`, in its rest frame, uniform in phase space: the
/// method of Raubold and Lynch (F. James, CERN 68-15). Empty where the masses do not fit.
std::vector<FourVector> phase_space(double m, const std::vector<double>& masses, Random& random);

/// The two photons of a neutral pion.
std::vector<Particle> decay_pi_zero(const Particle& pi_zero, Random& random);
/// The visible and invisible products of a tau: branching fractions of the Review of Particle
/// Physics, uniform in phase space.
std::vector<Particle> decay_tau(const Particle& tau, Random& random);

/// Energy of the electron of a muon that decays at rest, in MeV: dN/dx ~ x^2 (3 - 2x) with x =
/// E / 52.83 MeV (Michel 1950; Review of Particle Physics, "Muon decay parameters", rho = 3/4).
double michel_energy(Random& random);
inline constexpr double kMichelEndPoint = 52.83;

}  // namespace firstlight::sim::lartpc
