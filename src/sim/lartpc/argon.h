#pragma once

#include "firstlight/base/random.h"
#include "particles.h"

/// Liquid argon as particles see it. Energies in MeV, lengths in cm.
///
/// Material constants: Review of Particle Physics (PTEP 2022, 083C01) and its pages of atomic and
/// nuclear properties. "RPP" below means its review "Passage of particles through matter".
namespace firstlight::sim::lartpc {

inline constexpr double kDensity = 1.396;  ///< g/cm^3
inline constexpr double kZ = 18;
inline constexpr double kA = 39.948;  ///< g/mol
inline constexpr double kZOverA = 0.45059;
inline constexpr double kExcitationEv = 188.0;              ///< mean excitation energy
inline constexpr double kRadiationLength = 14.004;          ///< cm: 19.55 g/cm^2
inline constexpr double kMoliereRadius = 9.043;             ///< cm
inline constexpr double kNuclearInteractionLength = 85.77;  ///< cm, nucleons of high energy
inline constexpr double kPionInteractionLength = 106.7;     ///< cm, pions of high energy
inline constexpr double kIonisationWorkEv = 23.6;           ///< per electron: Miyajima et al. 1974

/// Electrons of less energy than this belong to the track that freed them.
inline constexpr double kSoftDelta = 0.05;

/// Density effect of the energy loss (Sternheimer, Berger & Seltzer 1984; RPP eq. 34.7).
double density_effect(double beta_gamma);

/// Greatest energy that a particle of mass `m` gives an electron (RPP eq. 34.4).
double max_transfer(double beta_gamma, double m);

/// Mean energy loss of a particle of unit charge and mass `m`, MeV/cm: Bethe (RPP eq. 34.5).
double bethe(double beta_gamma, double m);
/// The part of it below `cut` an electron (RPP eq. 34.8).
double restricted_bethe(double beta_gamma, double m, double cut);
/// Most probable loss in `length`, MeV (RPP eq. 34.12, Landau-Vavilov-Bichsel).
double most_probable_loss(double beta_gamma, double length);

/// Range of a particle of mass `m` and kinetic energy `t` that loses energy by `bethe` alone, cm.
double csda_range(double t, double m);

/// Collision loss of an electron, MeV/cm (Berger & Seltzer; ICRU report 37, eq. 2.14).
double electron_collision_loss(double t);
/// Loss by photons below `cut`, MeV/cm (RPP eq. 34.29 integrated, times `radiative_share`).
double soft_radiative_loss(double e, double cut);
/// Mean number of photons above `cut` per cm.
double photons_per_cm(double e, double cut);
/// Bremsstrahlung of electrons below some 50 MeV falls below the high-energy form E / X0. This is
/// an interpolation of this project, 1 / (1 + 1.2 (T / MeV)^-0.6).
double radiative_share(double t);
/// Energy of a photon above `cut` (RPP eq. 34.29).
double sample_photon_energy(double e, double cut, Random& random);

/// Cross-section of pair production, barn an atom: Bethe & Heitler without screening in Maximon's
/// expansions (J. Res. NBS 72B, 79 (1968)) with Z (Z + 1), bounded by the limit of complete
/// screening, 7/9 A / (N_A X0) (RPP eq. 34.32).
double pair_cross_section(double e);
/// Klein & Nishina 1929, barn an atom.
double compton_cross_section(double e);
/// Mean free path of a photon for both, cm.
double photon_mean_free_path(double e);
/// Energy of the scattered photon; `cos_theta` is set.
double sample_compton(double e, double& cos_theta, Random& random);

/// Width of the projected scattering angle in `length` (Highland; RPP eq. 34.16). The logarithm is
/// taken at one radiation length, so that steps add up to the same whatever their length.
double scattering_angle(double momentum, double beta, double length);

/// Recombination: what is left of the charge at an energy loss (MeV/cm) and field (kV/cm).
double box_survival(double loss, double field);    ///< ArgoNeuT, JINST 8 (2013) P08005
double birks_survival(double loss, double field);  ///< ICARUS, NIM A 523 (2004) 275

}  // namespace firstlight::sim::lartpc
