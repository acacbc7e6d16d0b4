#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "lartpc/argon.h"
#include "lartpc/particles.h"
#include "lartpc/transport.h"

/// The simulator's physics against published values: Review of Particle Physics (RPP) and its
/// tables of atomic and nuclear properties, unless another source is named.
namespace firstlight::sim::lartpc {
namespace {

const Volume kLarge = {{-2000, -2000, -2000}, {2000, 2000, 2000}};

Particle along_z(Species species, double kinetic) {
  const double m = mass_of(species);
  return {species, on_shell(m, {0, 0, std::sqrt(kinetic * (kinetic + 2 * m))}), {}};
}

TEST(Muons, RangeIsThatOfTheTables) {
  // "Muons in liquid argon", Groom, Mokhov & Striganov: MeV and g/cm^2.
  const std::vector<std::pair<double, double>> table = {{20, 3.321},  {40, 10.58},  {100, 42.50},
                                                        {200, 106.3}, {400, 238.5}, {1000, 616.3},
                                                        {2000, 1202}, {4000, 2297}};
  for (const auto& [t, range] : table) {
    EXPECT_NEAR(csda_range(t, kMuonMass) * kDensity / range, 1, 0.015) << t << " MeV";
  }
}

TEST(Muons, LeastLossAndItsMostProbableValue) {
  double least = 1e9;
  for (double bg = 1; bg < 10; bg *= 1.02) least = std::min(least, bethe(bg, kMuonMass));
  EXPECT_NEAR(least, 1.508 * kDensity, 0.01 * least);  // 2.1 MeV/cm
  // Detectors with wires 3 mm apart see 1.6 to 1.7 MeV/cm.
  EXPECT_NEAR(most_probable_loss(4, 0.3) / 0.3, 1.63, 0.06);
}

TEST(Muons, StopWhereTheRangeSays) {
  TransportOptions options;
  options.interactions = false;
  Random random(1);
  for (const double t : {150.0, 400.0}) {
    double sum = 0;
    constexpr int kEvents = 200;
    for (int i = 0; i < kEvents; ++i) {
      const Deposits d = transport({along_z(Species::kMuonMinus, t)}, kLarge, options, random);
      sum += d.tracks[0].length;
    }
    EXPECT_NEAR(sum / kEvents / csda_range(t, kMuonMass), 1, 0.02) << t << " MeV";
  }
}

TEST(Muons, LossesFluctuateAsLandauSays) {
  TransportOptions options;
  options.interactions = false;
  Random random(2);
  const double t = 1000, bg = std::sqrt(t * (t + 2 * kMuonMass)) / kMuonMass;
  std::vector<int> histogram(100, 0);
  const Volume slab = {{-100, -100, -1}, {100, 100, 90}};
  for (int i = 0; i < 200; ++i) {
    const Deposits d = transport({along_z(Species::kMuonMinus, t)}, slab, options, random);
    for (const Segment& s : d.segments) {
      const double length = (s.to - s.from).norm();
      if (std::abs(length - 0.3) > 1e-6) continue;
      ++histogram[std::min<std::size_t>(99, static_cast<std::size_t>(s.energy / 0.02))];
    }
  }
  // The middle of the five highest bins together.
  std::size_t best = 2;
  const auto five = [&](std::size_t i) {
    return histogram[i - 2] + histogram[i - 1] + histogram[i] + histogram[i + 1] + histogram[i + 2];
  };
  for (std::size_t i = 2; i < 98; ++i) best = five(i) > five(best) ? i : best;
  EXPECT_NEAR(0.02 * (static_cast<double>(best) + 0.5) / most_probable_loss(bg, 0.3), 1, 0.07);
}

TEST(Muons, ScatterAsHighlandSays) {
  TransportOptions options;
  options.interactions = options.fluctuations = false;
  Random random(3);
  const double t = 2000;
  double sum = 0;
  constexpr int kEvents = 1500;
  const double p = std::sqrt(t * (t + 2 * kMuonMass)), beta = p / (t + kMuonMass);
  for (int i = 0; i < kEvents; ++i) {
    const Deposits d = transport({along_z(Species::kMuonMinus, t)},
                                 {{-50, -50, -1}, {50, 50, kRadiationLength}}, options, random);
    const Segment& last = d.segments.back();
    const Vec3 direction = (last.to - last.from).unit();
    sum += direction.x * direction.x + direction.y * direction.y;
  }
  const double rms = std::sqrt(sum / kEvents / 2);
  // In one radiation length, where the formula's logarithm is 0; 3 % of the momentum is lost.
  EXPECT_NEAR(rms / (13.6 / (beta * p)), 1, 0.06);
}

TEST(Muons, DecayWithMichelsSpectrum) {
  Random random(4);
  double sum = 0, most = 0;
  constexpr int kEvents = 20000;
  int above = 0;
  for (int i = 0; i < kEvents; ++i) {
    const double e = michel_energy(random);
    sum += e;
    most = std::max(most, e);
    above += e > kMichelEndPoint / 2 ? 1 : 0;
  }
  EXPECT_NEAR(sum / kEvents, 0.7 * kMichelEndPoint, 0.2);
  EXPECT_LE(most, kMichelEndPoint);
  EXPECT_NEAR(above / double{kEvents}, 1 - 2 * (1.0 / 8 - 1.0 / 32), 0.01);
}

TEST(Photons, ConvertAfterNineSeventhsOfARadiationLength) {
  EXPECT_NEAR(photon_mean_free_path(20000) / (9.0 / 7 * kRadiationLength), 1, 0.03);
  // At lower energies later.
  EXPECT_GT(photon_mean_free_path(300), photon_mean_free_path(20000));
  Random random(5);
  double sum = 0;
  constexpr int kEvents = 1500;
  TransportOptions options;
  options.showers = false;
  for (int i = 0; i < kEvents; ++i) {
    const Deposits d =
        transport({{Species::kPhoton, {1000, {0, 0, 1000}}, {}}}, kLarge, options, random);
    sum += d.showers[0].gap;
  }
  EXPECT_NEAR(sum / kEvents / photon_mean_free_path(1000), 1, 0.08);
}

TEST(Photons, CrossSections) {
  // Klein-Nishina: 0.2112 barn an electron at 1 MeV.
  EXPECT_NEAR(compton_cross_section(1) / 18, 0.2112, 0.001);
  EXPECT_EQ(pair_cross_section(1.0), 0);
  EXPECT_NEAR(pair_cross_section(1e5), 7.0 / 9 * kA / (0.602214 * kRadiationLength * kDensity),
              0.02);
  double cos_theta = 0, mean = 0;
  Random random(6);
  for (int i = 0; i < 20000; ++i) mean += 1 - sample_compton(1, cos_theta, random);
  EXPECT_NEAR(mean / 20000, 0.440, 0.01);  // Evans: mean energy of the recoil at 1 MeV, 0.440 MeV
}

TEST(Electrons, RadiateOneEnergyInARadiationLength) {
  const double e = 1e5;
  EXPECT_NEAR(soft_radiative_loss(e, e) * kRadiationLength / e, radiative_share(e), 1e-9);
  EXPECT_GT(radiative_share(e), 0.99);
  // Photons above a cut carry what is left.
  Random random(7);
  double sum = 0;
  for (int i = 0; i < 20000; ++i) sum += sample_photon_energy(1000, 1, random);
  const double hard = sum / 20000 * photons_per_cm(1000, 1);
  EXPECT_NEAR((hard + soft_radiative_loss(1000, 1)) / soft_radiative_loss(1000, 1000), 1, 0.02);
}

TEST(Electrons, CollisionLoss) {
  // ESTAR, argon (gas density effect apart): some 1.4 MeV cm^2/g at 1 MeV in condensed matter.
  EXPECT_NEAR(electron_collision_loss(1) / kDensity, 1.36, 0.07);
}

struct Shower {
  std::vector<double> along = std::vector<double>(60, 0.0);  ///< by half radiation lengths
  std::vector<std::pair<double, double>> across;             ///< distance from the axis, energy
  double total = 0;
};

Shower shower(Species species, double energy, int events, std::uint64_t seed) {
  Shower out;
  Random random(seed);
  for (int i = 0; i < events; ++i) {
    const Deposits d = transport({along_z(species, energy)}, kLarge, random);
    for (const Segment& s : d.segments) {
      const auto bin = static_cast<std::size_t>(std::max(0.0, s.to.z / kRadiationLength * 2));
      if (bin < out.along.size()) out.along[bin] += s.energy;
      out.across.emplace_back(std::hypot(s.to.x, s.to.y), s.energy);
      out.total += s.energy;
    }
  }
  return out;
}

TEST(Showers, HaveTheirMaximumWhereItBelongs) {
  // RPP eq. 34.37: t_max = ln(E / Ec) - 0.5 for electrons, + 0.5 for photons; Ec = 32.84 MeV.
  struct Case {
    Species species;
    double energy, shift;
  };
  for (const Case& c : {Case{Species::kElectron, 1000, -0.5}, Case{Species::kElectron, 4000, -0.5},
                        Case{Species::kPhoton, 2000, 0.5}}) {
    const Shower s = shower(c.species, c.energy, 80, 8);
    // A parabola through the smoothed profile's top.
    std::vector<double> smooth(s.along.size(), 0.0);
    for (std::size_t i = 2; i + 2 < smooth.size(); ++i) {
      for (std::size_t j = i - 2; j <= i + 2; ++j) smooth[i] += s.along[j] / 5;
    }
    const auto top =
        static_cast<std::size_t>(std::max_element(smooth.begin(), smooth.end()) - smooth.begin());
    const double a = smooth[top - 1], b = smooth[top], d = smooth[top + 1];
    const double at = static_cast<double>(top) + 0.5 + 0.5 * (a - d) / (a - 2 * b + d);
    EXPECT_NEAR(at / 2, std::log(c.energy / 32.84) + c.shift, 0.7) << c.energy;
  }
}

TEST(Showers, LieAroundMolieresRadius) {
  // RPP 34.5: some 90 % of the energy lies within R_M, 99 % within 3.5 R_M. Light elements have
  // longer tails, of photons of a few MeV; DUNE's events are as wide (docs/lartpc-simulation.md).
  const Shower s = shower(Species::kElectron, 2000, 60, 9);
  double inside = 0, near = 0;
  for (const auto& [distance, energy] : s.across) {
    inside += distance < kMoliereRadius ? energy : 0;
    near += distance < 3.5 * kMoliereRadius ? energy : 0;
  }
  EXPECT_NEAR(inside / s.total, 0.86, 0.05);
  EXPECT_NEAR(near / s.total, 0.985, 0.015);
}

TEST(Showers, KeepTheEnergy) {
  Random random(10);
  for (int i = 0; i < 5; ++i) {
    const Deposits d = transport({along_z(Species::kElectron, 1500)}, kLarge, random);
    EXPECT_NEAR(d.energy + d.escaped, 1500, 30);
  }
}

TEST(Recombination, ModelsAgreeForMuons) {
  EXPECT_NEAR(box_survival(2.1, 0.5), 0.705, 0.005);
  EXPECT_NEAR(birks_survival(2.1, 0.5), 0.698, 0.005);
  // Stopping protons lose more than half.
  EXPECT_LT(box_survival(15, 0.5), 0.45);
  EXPECT_GT(box_survival(5, 0.7), box_survival(5, 0.5));
}

}  // namespace
}  // namespace firstlight::sim::lartpc
