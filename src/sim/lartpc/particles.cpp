#include "particles.h"

#include <algorithm>

namespace firstlight::sim::lartpc {
namespace {

double two_body_momentum(double m, double a, double b) {
  const double term = (m * m - (a + b) * (a + b)) * (m * m - (a - b) * (a - b));
  return term <= 0 ? 0 : std::sqrt(term) / (2 * m);
}

}  // namespace

double mass_of(Species species) {
  switch (species) {
    case Species::kElectron:
    case Species::kPositron:
      return kElectronMass;
    case Species::kMuonMinus:
    case Species::kMuonPlus:
      return kMuonMass;
    case Species::kTau:
      return kTauMass;
    case Species::kNeutrino:
    case Species::kPhoton:
      return 0;
    case Species::kPiPlus:
    case Species::kPiMinus:
      return kPionMass;
    case Species::kPiZero:
      return kPiZeroMass;
    case Species::kProton:
      return kProtonMass;
    case Species::kNeutron:
      return kNeutronMass;
  }
  return 0;
}

int charge_of(Species species) {
  switch (species) {
    case Species::kElectron:
    case Species::kMuonMinus:
    case Species::kTau:
    case Species::kPiMinus:
      return -1;
    case Species::kPositron:
    case Species::kMuonPlus:
    case Species::kPiPlus:
    case Species::kProton:
      return 1;
    default:
      return 0;
  }
}

const char* name_of(Species species) {
  switch (species) {
    case Species::kElectron:
    case Species::kPositron:
      return "electron";
    case Species::kMuonMinus:
    case Species::kMuonPlus:
      return "muon";
    case Species::kTau:
      return "tau";
    case Species::kNeutrino:
      return "neutrino";
    case Species::kPhoton:
      return "photon";
    case Species::kPiPlus:
    case Species::kPiMinus:
      return "charged pion";
    case Species::kPiZero:
      return "neutral pion";
    case Species::kProton:
      return "proton";
    case Species::kNeutron:
      return "neutron";
  }
  return "";
}

std::vector<FourVector> phase_space(double m, const std::vector<double>& masses, Random& random) {
  const std::size_t n = masses.size();
  double sum = 0;
  for (const double mass : masses) sum += mass;
  const double free = m - sum;
  if (n < 2 || free <= 0) return {};
  // The greatest weight: every intermediate mass at its own largest momentum.
  double most = 1;
  {
    double low = 0, high = free + masses[0];
    for (std::size_t i = 1; i < n; ++i) {
      low += masses[i - 1];
      high += masses[i];
      most *= two_body_momentum(high, low, masses[i]);
    }
  }
  std::vector<double> chain(n), cuts(n, 0.0);
  std::vector<double> momenta(n);
  for (;;) {
    for (std::size_t i = 1; i + 1 < n; ++i) cuts[i] = random.uniform();
    if (n > 2) std::sort(cuts.begin() + 1, cuts.end() - 1);
    cuts[n - 1] = 1;
    double partial = 0, weight = 1;
    for (std::size_t i = 0; i < n; ++i) {
      partial += masses[i];
      chain[i] = partial + cuts[i] * free;
      if (i > 0) weight *= momenta[i] = two_body_momentum(chain[i], chain[i - 1], masses[i]);
    }
    if (random.uniform() * most <= weight) break;
  }
  std::vector<FourVector> out(n);
  out[0] = {masses[0], {}};
  for (std::size_t i = 1; i < n; ++i) {
    const Vec3 direction = isotropic(random);
    out[i] = on_shell(masses[i], direction * momenta[i]);
    const double energy = std::sqrt(chain[i - 1] * chain[i - 1] + momenta[i] * momenta[i]);
    const Vec3 recoil = direction * (-momenta[i] / energy);
    for (std::size_t j = 0; j < i; ++j) out[j] = out[j].boosted(recoil);
  }
  return out;
}

std::vector<Particle> decay_pi_zero(const Particle& pi_zero, Random& random) {
  std::vector<Particle> photons;
  const Vec3 direction = isotropic(random);
  for (const double sign : {1.0, -1.0}) {
    const FourVector photon = {kPiZeroMass / 2, direction * (sign * kPiZeroMass / 2)};
    photons.push_back({Species::kPhoton, photon.boosted(pi_zero.p.velocity()), pi_zero.position});
  }
  return photons;
}

std::vector<Particle> decay_tau(const Particle& tau, Random& random) {
  using S = Species;
  static const std::vector<std::pair<double, std::vector<S>>> kModes = {
      {0.1782, {S::kElectron, S::kNeutrino, S::kNeutrino}},
      {0.1739, {S::kMuonMinus, S::kNeutrino, S::kNeutrino}},
      {0.1082, {S::kPiMinus, S::kNeutrino}},
      {0.2549, {S::kPiMinus, S::kPiZero, S::kNeutrino}},
      {0.0926, {S::kPiMinus, S::kPiZero, S::kPiZero, S::kNeutrino}},
      {0.0931, {S::kPiMinus, S::kPiMinus, S::kPiPlus, S::kNeutrino}},
      {0.0462, {S::kPiMinus, S::kPiMinus, S::kPiPlus, S::kPiZero, S::kNeutrino}},
  };
  double total = 0;
  for (const auto& mode : kModes) total += mode.first;
  double pick = random.uniform(0, total);
  std::size_t chosen = 0;
  while (chosen + 1 < kModes.size() && pick >= kModes[chosen].first) {
    pick -= kModes[chosen++].first;
  }
  std::vector<double> masses;
  for (const S s : kModes[chosen].second) masses.push_back(mass_of(s));
  const auto momenta = phase_space(kTauMass, masses, random);
  std::vector<Particle> out;
  for (std::size_t i = 0; i < momenta.size(); ++i) {
    out.push_back({kModes[chosen].second[i], momenta[i].boosted(tau.p.velocity()), tau.position});
  }
  return out;
}

double michel_energy(Random& random) {
  for (;;) {
    const double x = random.uniform();
    if (random.uniform() <= x * x * (3 - 2 * x)) return x * kMichelEndPoint;
  }
}

}  // namespace firstlight::sim::lartpc
