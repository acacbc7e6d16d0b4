#pragma once

#include <limits>
#include <vector>

#include "particles.h"

namespace firstlight::sim::lartpc {

/// Energy left along a straight piece of track.
struct Segment {
  Vec3 from, to;  ///< cm
  float energy;   ///< MeV
  float loss;     ///< MeV/cm of the particle, for recombination
};

/// A box of argon.
struct Volume {
  Vec3 low, high;
  bool contains(const Vec3& p) const {
    return p.x >= low.x && p.x <= high.x && p.y >= low.y && p.y <= high.y && p.z >= low.z &&
           p.z <= high.z;
  }
};

/// A track of a muon, charged pion or proton, or an electromagnetic shower that a particle of the
/// interaction (or a neutral pion) began.
struct TrackRecord {
  Species species;
  double length = 0;  ///< cm inside the volume
};
struct ShowerRecord {
  Species species;
  double energy = 0;  ///< MeV that it left in the volume
  Vec3 start;         ///< where the electron began, or the photon converted
  double gap = 0;     ///< cm from where the photon was born to there; 0 for electrons
};

struct Deposits {
  std::vector<Segment> segments;
  std::vector<TrackRecord> tracks;
  std::vector<ShowerRecord> showers;
  double energy = 0;   ///< MeV in the volume
  double escaped = 0;  ///< kinetic energy of charged particles and photons that left it
};

/// Follows particles and all that they make through `volume`:
///   ionisation  Bethe below kSoftDelta, electrons above it one by one with dN/dT ~ (1 - beta^2 T /
///               T_max) / T^2 (RPP eq. 34.9), which gives Landau's fluctuations; above 0.7 MeV they
///               are followed
///   direction   multiple scattering (argon.h), an angle drawn at each step
///   electrons   bremsstrahlung above 0.5 MeV photon by photon, the rest as mean loss
///   photons     pair production and Compton scattering
///   hadrons     strike_nucleus() with interaction lengths of RPP, pions 1.7 times as often at the
///               Delta; elastic scattering off the nucleus, exp(-90 |t| / GeV^2)
///   at rest     mu- are captured in 74 % of the cases (Measday, Phys. Rep. 354 (2001) 243), other
///               muons decay (Michel); pi+ through a muon; pi- are captured
///   neutrons    above 20 MeV as other hadrons; below, some 20 cm between collisions, of which a
///               third free photons of 1.46 MeV and more (argon-40's first levels)
/// Electrons and photons below 0.3 and 0.1 MeV leave their energy where they are.
Deposits transport(std::vector<Particle> particles, const Volume& volume, Random& random);

/// For tests: nothing but the chosen processes.
struct TransportOptions {
  bool showers = true;       ///< electrons radiate
  bool interactions = true;  ///< hadrons strike nuclei, decays and captures at rest
  bool scattering = true;
  bool fluctuations = true;  ///< else mean losses
};
Deposits transport(std::vector<Particle> particles, const Volume& volume,
                   const TransportOptions& options, Random& random);

}  // namespace firstlight::sim::lartpc
