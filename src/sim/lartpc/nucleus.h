#pragma once

#include <vector>

#include "particles.h"

namespace firstlight::sim::lartpc {

/// What leaves the argon nucleus: hadrons that can be seen, neutrons, photons of de-excitation.
/// Directions are those of the detector; positions are left at the origin.
using Products = std::vector<Particle>;

/// Lets hadrons that are born at one point inside an argon nucleus find their way out: a cascade of
/// binary collisions in a Woods-Saxon density (R = 3.53 fm, a = 0.542 fm: de Vries et al., At. Data
/// Nucl. Data Tables 36 (1987) 495). Pions scatter, exchange charge and are absorbed by pairs of
/// nucleons, nucleons knock out others, with Pauli blocking below 251 MeV/c (Smith & Moniz, Nucl.
/// Phys. B 43 (1972) 605). The nucleus then evaporates nucleons of a few MeV and photons. It is of
/// the kind of GENIE's hN model (Dytman et al., Phys. Rev. D 104, 053006), with far fewer channels.
/// `formation` delays hadrons of high energy by 0.342 fm/c of their own time (SKAT, Baranov 1984).
Products leave_nucleus(std::vector<Particle> hadrons, bool formation, Random& random);

/// A hadron of the detector that hits an argon nucleus: one collision is certain, the rest as
/// above.
Products strike_nucleus(const Particle& hadron, Random& random);

/// A capture at rest: the nucleus gets the energy, and evaporates (pi minus: 139.6 MeV less
/// binding; mu minus: some 15 MeV, the neutrino takes the rest; Measday 2001).
Products capture_at_rest(Species species, Random& random);

/// Momentum of a nucleon of the target: a Fermi gas below 251 MeV/c with a tail of short-range
/// correlations in 20 % of the cases (Bodek & Ritchie, Phys. Rev. D 23, 1070).
Vec3 fermi_momentum(Random& random);
/// A nucleon of the target: of its momentum's energy it brings no more than the gas's 33 MeV, the
/// rest is its partner's.
FourVector struck_nucleon(Species species, Random& random);
inline constexpr double kFermiMomentum = 251;  ///< MeV/c
inline constexpr double kBindingEnergy = 30;   ///< MeV, of a nucleon that is struck

/// Hadrons of total four-momentum `total` and charge from a struck nucleon system of `baryons`
/// nucleons: the mean multiplicity of charged hadrons is a + b ln W^2 with the values of bubble
/// chambers for the charge (Zieminska et al. 1983, as in GENIE's AGKY, Yang et al., Eur. Phys. J.
/// C 63 (2009) 1), a third of all pions is neutral; transverse momenta are some 0.35 GeV/c,
/// rapidities even, the nucleons go backwards along `forward`.
std::vector<Particle> hadronise(const FourVector& total, const Vec3& forward, int charge,
                                int baryons, Random& random);

}  // namespace firstlight::sim::lartpc
