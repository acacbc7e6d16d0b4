#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "lartpc/generator.h"
#include "lartpc/nucleus.h"

namespace firstlight::sim::lartpc {
namespace {

TEST(PhaseSpace, KeepsEnergyAndMomentum) {
  Random random(1);
  for (int i = 0; i < 100; ++i) {
    FourVector sum;
    for (const FourVector& p : phase_space(2000, {938, 139, 139, 135}, random)) sum = sum + p;
    EXPECT_NEAR(sum.e, 2000, 1e-6);
    EXPECT_NEAR(sum.p.norm(), 0, 1e-6);
  }
  EXPECT_TRUE(phase_space(1000, {938, 139}, random).empty());
}

TEST(NeutralPion, DecaysIntoItsMass) {
  Random random(2);
  const Particle pi_zero{Species::kPiZero, on_shell(kPiZeroMass, {0, 300, 400}), {1, 2, 3}};
  const auto photons = decay_pi_zero(pi_zero, random);
  ASSERT_EQ(photons.size(), 2u);
  const FourVector sum = photons[0].p + photons[1].p;
  EXPECT_NEAR(sum.mass(), kPiZeroMass, 1e-6);
  EXPECT_NEAR(sum.p.y, 300, 1e-6);
  EXPECT_EQ(photons[1].position.z, 3);
}

TEST(Hadrons, KeepEnergyMomentumAndCharge) {
  Random random(3);
  for (int i = 0; i < 500; ++i) {
    const double w = random.uniform(1400, 4000);
    const int charge = static_cast<int>(random.below(3));
    const FourVector total = on_shell(w, {100, -200, random.uniform(0, 4000)});
    FourVector sum;
    int found = 0;
    for (const Particle& p : hadronise(total, {0, 0, 1}, charge, 1, random)) {
      sum = sum + p.p;
      found += charge_of(p.species);
    }
    EXPECT_EQ(found, charge);
    EXPECT_NEAR(sum.e, total.e, 1);
    EXPECT_NEAR((sum.p - total.p).norm(), 0, 1);
  }
}

TEST(Hadrons, MultiplicityGrowsWithW) {
  // Bubble chambers (Zieminska et al. 1983): n_ch = 0.40 + 1.42 ln W^2 for charge 2.
  Random random(4);
  for (const double w : {3000.0, 4500.0}) {
    double charged = 0;
    constexpr int kEvents = 3000;
    for (int i = 0; i < kEvents; ++i) {
      for (const Particle& p : hadronise({w, {}}, {0, 0, 1}, 2, 1, random)) {
        charged += charge_of(p.species) != 0 ? 1 : 0;
      }
    }
    EXPECT_NEAR(charged / kEvents, 0.40 + 1.42 * std::log(w * w * 1e-6), 0.5) << w;
  }
}

TEST(Nucleus, GivesNoMoreThanItGot) {
  Random random(5);
  for (int i = 0; i < 300; ++i) {
    const bool is_pion = i % 2 == 0;
    const Species species = is_pion ? Species::kPiPlus : Species::kProton;
    const double t = random.uniform(50, 1500);
    const double m = mass_of(species);
    const Particle hadron{species, on_shell(m, {0, 0, std::sqrt(t * (t + 2 * m))}), {}};
    double out = 0;
    for (const Particle& p : strike_nucleus(hadron, random)) {
      out += is_nucleon(p.species) ? p.kinetic() : p.p.e;
    }
    // Nucleons of the target lend some of their Fermi energy where pions are made.
    EXPECT_LT(out, (is_pion ? t + m : t) + 80) << name_of(species) << ' ' << t;
  }
}

TEST(Nucleus, FermiMomentaAreThoseOfAGas) {
  Random random(6);
  double below = 0, sum = 0;
  for (int i = 0; i < 20000; ++i) {
    const double p = fermi_momentum(random).norm();
    if (p > kFermiMomentum) continue;
    ++below;
    sum += p;
  }
  EXPECT_NEAR(below / 20000, 0.8, 0.01);
  EXPECT_NEAR(sum / below, 0.75 * kFermiMomentum, 2);
}

TEST(QuasiElastic, CrossSectionIsThatOfAFreeNeutron) {
  // Llewellyn Smith with M_A near 1 GeV: some 0.9 to 1.0e-38 cm^2 above 1 GeV (RPP, figure 52.3).
  for (const double energy : {3.0, 6.0}) {
    double total = 0;
    for (double q2 = 0.0025; q2 < 4; q2 += 0.005) {
      const double least_energy = q2 / (2 * 0.939) + 0.11;
      if (energy > least_energy) total += 0.005 * llewellyn_smith(energy, q2, 0.10566);
    }
    EXPECT_NEAR(total, 0.95, 0.12) << energy;
  }
}

TEST(Interactions, StrengthsAddUpToTheTotal) {
  // RPP, neutrino cross-sections: sigma / E some 0.7 to 0.8e-38 cm^2/GeV a nucleon.
  for (const double e : {2000.0, 4000.0, 10000.0}) {
    EXPECT_NEAR(channel_strengths(e, kMuonMass).total() / e * 1000, 0.73, 0.12) << e;
  }
  EXPECT_EQ(channel_strengths(2000, kTauMass).total(), 0);
}

struct Counts {
  double protons0 = 0, pions0 = 0, pi_zeros0 = 0, inelasticity = 0;
  std::map<std::string, double> kinds;
};

Counts count(bool charged, int events) {
  Counts c;
  Random random(7);
  for (int i = 0; i < events; ++i) {
    const Interaction x = interact(Flavour::kMuon, charged, random.uniform(1000, 6000), random);
    c.protons0 += (x.protons == 0 ? 1.0 : 0.0) / events;
    c.pions0 += (x.charged_pions == 0 ? 1.0 : 0.0) / events;
    c.pi_zeros0 += (x.neutral_pions == 0 ? 1.0 : 0.0) / events;
    c.inelasticity += (1 - x.lepton.e / x.neutrino_energy) / events;
    c.kinds[x.kind] += 1.0 / events;
  }
  return c;
}

TEST(Interactions, LookLikeGenies) {
  // 139 nu_mu CC and 139 NC events of DUNE's released simulation (GENIE), most of 2 to 5 GeV:
  // fractions without protons, charged pions and neutral pions; channels. Their statistical error
  // is 0.04.
  const Counts cc = count(true, 3000), nc = count(false, 3000);
  EXPECT_NEAR(cc.protons0, 0.26, 0.10);
  EXPECT_NEAR(cc.pions0, 0.52, 0.13);
  EXPECT_NEAR(cc.pi_zeros0, 0.68, 0.10);
  EXPECT_NEAR(nc.protons0, 0.40, 0.10);
  EXPECT_NEAR(nc.pions0, 0.48, 0.13);
  EXPECT_NEAR(nc.pi_zeros0, 0.51, 0.12);
  EXPECT_NEAR(cc.inelasticity, 0.43, 0.08);
  auto kinds = cc.kinds;
  EXPECT_NEAR(kinds["QE"], 0.17, 0.07);
  EXPECT_NEAR(kinds["RES"], 0.29, 0.09);
  EXPECT_NEAR(kinds["DIS"], 0.48, 0.10);
}

TEST(Interactions, KeepTheEnergyOfTheNeutrino) {
  Random random(8);
  for (int i = 0; i < 300; ++i) {
    const double e = random.uniform(800, 9000);
    const Interaction x = interact(Flavour::kElectron, true, e, random);
    double visible = 0;
    for (const Particle& p : x.particles) visible += is_nucleon(p.species) ? p.kinetic() : p.p.e;
    EXPECT_LT(visible, e + 150) << x.kind;
    EXPECT_GT(x.lepton.e, 0);
    EXPECT_EQ(x.particles[0].species, Species::kElectron);
  }
}

}  // namespace
}  // namespace firstlight::sim::lartpc
