#pragma once

#include <string>
#include <vector>

#include "particles.h"

namespace firstlight::sim::lartpc {

enum class Flavour { kElectron, kMuon, kTau };

/// One neutrino interaction with an argon nucleus; energies in MeV, the neutrino runs along +z.
struct Interaction {
  bool charged_current = true;
  Flavour flavour = Flavour::kMuon;
  std::string kind;  ///< QE, MEC, RES, DIS or COH
  double neutrino_energy = 0;
  FourVector lepton;  ///< of the outgoing lepton, a neutrino in a neutral current
  double q2 = 0;      ///< MeV^2
  double w = 0;       ///< mass of the hadrons before they leave the nucleus, MeV
  /// What leaves the nucleus: the charged lepton (a tau as what it decays into) first.
  std::vector<Particle> particles;
  /// Hadrons that left the nucleus, nucleons above 30 MeV kinetic energy.
  int protons = 0, charged_pions = 0, neutral_pions = 0, neutrons = 0;
};

/// Draws an interaction of a neutrino of energy `energy` (MeV). Channels are chosen by their
/// cross-sections for argon and made as follows.
///   QE   Llewellyn Smith, Phys. Rep. 3 (1972) 261, dipole form factors, M_A = 0.99 GeV, on a
///   nucleon
///        of a Fermi gas with Pauli blocking; NC elastic with the same shape
///   MEC  two nucleons struck together, with the Q^2 of a dipole; 15 % of QE
///   RES  the Delta(1232) with the width of a P wave, and heavier states below W = 1.7 GeV as
///        hadrons of that mass; Q^2 of a dipole of 1.12 GeV (Rein & Sehgal, Ann. Phys. 133 (1981)
///        79)
///   DIS  above W = 1.7 GeV: quarks with x q(x) = 3.45 sqrt(x) (1-x)^3 and a sea 0.36 (1-x)^7,
///        d2sigma/dxdy ~ q + (1-y)^2 qbar, hadrons by hadronise()
///   COH  a pion of small |t|, exp(-45 |t| / GeV^2), the nucleus unbroken
/// Hadrons pass through leave_nucleus(). Neutrinos only, no antineutrinos; no strangeness, charm or
/// eta. These are the leading shapes, not a fit: GENIE has far more of each.
Interaction interact(Flavour flavour, bool charged_current, double energy, Random& random);

/// Cross-sections a nucleon of argon for `interact`, in 1e-38 cm^2 and for charged currents; their
/// sum over E is some 0.7 per GeV above 3 GeV (Review of Particle Physics, "Neutrino cross-section
/// measurements").
struct ChannelStrengths {
  double qe = 0, mec = 0, res = 0, dis = 0, coh = 0;
  double total() const { return qe + mec + res + dis + coh; }
};
ChannelStrengths channel_strengths(double energy, double lepton_mass);

/// dsigma/dQ^2 of a quasi-elastic interaction on a free neutron, Llewellyn Smith: 1e-38 cm^2/GeV^2.
/// Energy, mass and Q^2 in GeV.
double llewellyn_smith(double energy, double q2, double lepton_mass);

}  // namespace firstlight::sim::lartpc
