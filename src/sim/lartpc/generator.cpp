#include "generator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "nucleus.h"

namespace firstlight::sim::lartpc {
namespace {

constexpr double kDeltaMass = 1232, kDeltaWidth = 117;
constexpr double kDisThreshold = 1700;  ///< MeV of W
constexpr double kVisibleNucleon = 30;  ///< MeV, counted as in tables of final states

double lepton_mass_of(Flavour flavour) {
  return flavour == Flavour::kElectron ? kElectronMass
         : flavour == Flavour::kMuon   ? kMuonMass
                                       : kTauMass;
}

struct Vertex {
  FourVector lepton;
  FourVector hadrons;
  double q2 = 0;
};

/// Neutrino and target to a lepton and a system of mass `w`, with a weight for Q^2 (MeV^2) that is
/// at most 1. Empty where the energy does not suffice.
template <typename Weight>
std::optional<Vertex> scatter(const FourVector& neutrino, const FourVector& target,
                              double lepton_mass, double w, const Weight& weight, Random& random) {
  const FourVector total = neutrino + target;
  const double m = total.mass();
  if (m <= lepton_mass + w) return std::nullopt;
  const Vec3 frame = total.velocity();
  const FourVector seen = neutrino.boosted(frame * -1);
  const double p = std::sqrt((m * m - (lepton_mass + w) * (lepton_mass + w)) *
                             (m * m - (lepton_mass - w) * (lepton_mass - w))) /
                   (2 * m);
  const double e = std::hypot(p, lepton_mass);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    // Even in Q^2, which is linear in the cosine, within the reach of the form factors.
    const double least = -lepton_mass * lepton_mass + 2 * seen.e * (e - p);
    const double most = std::min(-lepton_mass * lepton_mass + 2 * seen.e * (e + p), 6e6 + least);
    const double q2 = random.uniform(least, most);
    if (random.uniform() > weight(q2)) continue;
    const double cos_theta =
        std::clamp((2 * seen.e * e - lepton_mass * lepton_mass - q2) / (2 * seen.e * p), -1.0, 1.0);
    const Vec3 direction = turned(seen.p.unit(), cos_theta, random.uniform(0, 2 * M_PI));
    const FourVector lepton = on_shell(lepton_mass, direction * p).boosted(frame);
    return Vertex{lepton, total - lepton, q2};
  }
  return std::nullopt;
}

double dipole(double q2, double axial_mass) {
  return std::pow(1 + q2 / (axial_mass * axial_mass), -4);
}

struct Attempt {
  Vertex vertex;
  double w = 0;
  std::vector<Particle> hadrons;
  bool coherent = false;
  bool formation = false;
};

class Generator {
 public:
  Generator(Flavour flavour, bool charged, double energy, Random& random)
      : charged_(charged),
        neutrino_{energy, {0, 0, energy}},
        lepton_mass_(charged ? lepton_mass_of(flavour) : 0),
        random_(random) {}

  std::optional<Attempt> quasi_elastic() {
    // A charged current needs a neutron (and makes a proton).
    const Species struck = charged_ || random_.chance(0.55) ? Species::kNeutron : Species::kProton;
    const Species made = charged_ ? Species::kProton : struck;
    const FourVector target = struck_nucleon(struck, random_);
    const FourVector seen = neutrino_.boosted(target.velocity() * -1);
    const double e = seen.e / 1000, m = lepton_mass_ / 1000;
    double most = 0;
    for (double q2 = 0.005; q2 < 1; q2 *= 1.5) most = std::max(most, llewellyn_smith(e, q2, m));
    if (most <= 0) return std::nullopt;
    const auto vertex = scatter(
        neutrino_, target, lepton_mass_, mass_of(made),
        [&](double q2) { return llewellyn_smith(e, q2 * 1e-6, m) / (1.3 * most); }, random_);
    if (!vertex || vertex->hadrons.p.norm() < kFermiMomentum) return std::nullopt;
    Attempt out{*vertex, mass_of(made), {}};
    out.hadrons = {{made, on_shell(mass_of(made), vertex->hadrons.p), {}}};
    return out;
  }

  std::optional<Attempt> two_nucleons() {
    // Mostly a proton and a neutron; the current turns a neutron into a proton.
    const bool unlike = random_.chance(0.8);
    const int before = unlike ? 1 : 0;
    const int after = charged_ ? before + 1 : before;
    const FourVector target =
        on_shell(2 * kNucleonMass, fermi_momentum(random_)) - FourVector{2 * kBindingEnergy, {}};
    const double w = 2 * kNucleonMass + random_.uniform(20, 250);
    const auto vertex = scatter(
        neutrino_, target, lepton_mass_, w, [](double q2) { return dipole(q2, 1000); }, random_);
    if (!vertex) return std::nullopt;
    const Species first = after >= 1 ? Species::kProton : Species::kNeutron;
    const Species second = after >= 2 ? Species::kProton : Species::kNeutron;
    const auto momenta =
        phase_space(vertex->hadrons.mass(), {mass_of(first), mass_of(second)}, random_);
    if (momenta.empty()) return std::nullopt;
    Attempt out{*vertex, w, {}};
    out.hadrons = {{first, momenta[0].boosted(vertex->hadrons.velocity()), {}},
                   {second, momenta[1].boosted(vertex->hadrons.velocity()), {}}};
    return out;
  }

  std::optional<Attempt> resonance() {
    const bool on_proton = random_.chance(charged_ ? 0.62 : 0.45);
    const int charge = (on_proton ? 1 : 0) + (charged_ ? 1 : 0);
    const double w = resonance_mass();
    const Species struck = on_proton ? Species::kProton : Species::kNeutron;
    const FourVector target = struck_nucleon(struck, random_);
    const auto vertex = scatter(
        neutrino_, target, lepton_mass_, w, [](double q2) { return dipole(q2, 1120); }, random_);
    if (!vertex) return std::nullopt;
    Attempt out{*vertex, w, {}};
    if (w > 1450) {
      out.hadrons = hadronise(vertex->hadrons, neutrino_.p - vertex->lepton.p, charge, 1, random_);
      return out;
    }
    // Isospin 3/2 to a nucleon and a pion.
    int pion = 1;
    if (charge == 1) pion = random_.chance(2.0 / 3) ? 0 : 1;
    if (charge == 0) pion = random_.chance(2.0 / 3) ? 0 : -1;
    const Species meson = pion > 0   ? Species::kPiPlus
                          : pion < 0 ? Species::kPiMinus
                                     : Species::kPiZero;
    const Species baryon = charge - pion > 0 ? Species::kProton : Species::kNeutron;
    const auto momenta =
        phase_space(vertex->hadrons.mass(), {mass_of(baryon), mass_of(meson)}, random_);
    if (momenta.empty()) return std::nullopt;
    out.hadrons = {{baryon, momenta[0].boosted(vertex->hadrons.velocity()), {}},
                   {meson, momenta[1].boosted(vertex->hadrons.velocity()), {}}};
    return out;
  }

  std::optional<Attempt> deep_inelastic() {
    const double e = neutrino_.e;
    for (int attempt = 0; attempt < 2000; ++attempt) {
      const double x = random_.uniform(), y = random_.uniform();
      const double valence = 3.45 * std::sqrt(x) * std::pow(1 - x, 3);
      const double sea = 0.36 * std::pow(1 - x, 7);
      const double q2 = 2 * kNucleonMass * e * x * y;
      // Valence is largest at x = 1/7. The parton picture fades below some 0.4 GeV^2.
      const double weight = (valence + sea + sea * (1 - y) * (1 - y)) * q2 / (q2 + 0.4e6) / 1.65;
      if (random_.uniform() > weight) continue;
      const double lepton_energy = e * (1 - y);
      if (lepton_energy <= lepton_mass_) continue;
      const double p = std::sqrt(lepton_energy * lepton_energy - lepton_mass_ * lepton_mass_);
      const double cos_theta =
          (2 * e * lepton_energy - lepton_mass_ * lepton_mass_ - q2) / (2 * e * p);
      if (std::abs(cos_theta) > 1) continue;
      // Charged currents of neutrinos strike d quarks: two of three in a neutron.
      const bool on_proton = random_.chance(charged_ ? 0.30 : 0.45);
      const Species struck = on_proton ? Species::kProton : Species::kNeutron;
      const FourVector target = struck_nucleon(struck, random_);
      Attempt out;
      out.vertex.lepton =
          on_shell(lepton_mass_, turned({0, 0, 1}, cos_theta, random_.uniform(0, 2 * M_PI)) * p);
      out.vertex.hadrons = neutrino_ + target - out.vertex.lepton;
      out.vertex.q2 = q2;
      out.w = out.vertex.hadrons.mass();
      if (out.w < kDisThreshold) continue;
      out.hadrons = hadronise(out.vertex.hadrons, neutrino_.p - out.vertex.lepton.p,
                              (on_proton ? 1 : 0) + (charged_ ? 1 : 0), 1, random_);
      out.formation = true;
      return out;
    }
    return std::nullopt;
  }

  std::optional<Attempt> coherent() {
    const Species meson = charged_ ? Species::kPiPlus : Species::kPiZero;
    const double e = neutrino_.e;
    for (int attempt = 0; attempt < 200; ++attempt) {
      const double y = random_.uniform();
      const double pion_energy = y * e, lepton_energy = e - pion_energy;
      if (pion_energy < mass_of(meson) + 20 || lepton_energy < lepton_mass_ + 20) continue;
      if (random_.uniform() > 1 - y) continue;
      const double q2 = 0.1e6 * random_.exponential();
      const double p = std::sqrt(lepton_energy * lepton_energy - lepton_mass_ * lepton_mass_);
      const double cos_theta =
          (2 * e * lepton_energy - lepton_mass_ * lepton_mass_ - q2) / (2 * e * p);
      if (std::abs(cos_theta) > 1) continue;
      Attempt out;
      out.coherent = true;
      out.vertex.lepton =
          on_shell(lepton_mass_, turned({0, 0, 1}, cos_theta, random_.uniform(0, 2 * M_PI)) * p);
      out.vertex.q2 = q2;
      const double momentum =
          std::sqrt(pion_energy * pion_energy - mass_of(meson) * mass_of(meson));
      const double t = random_.exponential() / 45 * 1e6;
      const double angle = std::min(std::sqrt(t) / momentum, 1.0);
      const Vec3 q = neutrino_.p - out.vertex.lepton.p;
      out.hadrons = {
          {meson,
           on_shell(mass_of(meson),
                    turned(q.unit(), std::cos(angle), random_.uniform(0, 2 * M_PI)) * momentum),
           {}}};
      out.w = kNucleonMass;
      return out;
    }
    return std::nullopt;
  }

 private:
  double resonance_mass() {
    constexpr double kLow = kNucleonMass + kPionMass + 2;
    const auto pion_momentum = [](double w) {
      const double a = kNucleonMass + kPionMass, b = kNucleonMass - kPionMass;
      return std::sqrt((w * w - a * a) * (w * w - b * b)) / (2 * w);
    };
    for (;;) {
      const double w = random_.uniform(kLow, kDisThreshold);
      const double width = kDeltaWidth * std::pow(pion_momentum(w) / pion_momentum(kDeltaMass), 3);
      const double capped = std::min(width, 400.0);
      const double delta =
          kDeltaWidth * capped / (4 * (w - kDeltaMass) * (w - kDeltaMass) + capped * capped);
      // Heavier states: an even strength that opens with the second pion.
      const double heavy = w > 1300 ? 0.13 : 0.0;
      if (random_.uniform() <= delta + heavy) return w;
    }
  }

  bool charged_;
  FourVector neutrino_;
  double lepton_mass_;
  Random& random_;
};

void count(Interaction& interaction) {
  for (const Particle& p : interaction.particles) {
    const bool visible = p.kinetic() > kVisibleNucleon;
    if (p.species == Species::kProton) interaction.protons += visible ? 1 : 0;
    if (p.species == Species::kNeutron) interaction.neutrons += visible ? 1 : 0;
    if (p.species == Species::kPiZero) ++interaction.neutral_pions;
    if (p.species == Species::kPiPlus || p.species == Species::kPiMinus)
      ++interaction.charged_pions;
  }
}

}  // namespace

double llewellyn_smith(double energy, double q2, double lepton_mass) {
  constexpr double kM = kNucleonMass / 1000, kAxialMass = 0.99, kMu = 4.706, kGa = -1.267;
  const double tau = q2 / (4 * kM * kM);
  const double ge = std::pow(1 + q2 / 0.71, -2), gm = kMu * ge;
  const double f1 = (ge + tau * gm) / (1 + tau), f2 = (gm - ge) / (1 + tau);
  const double fa = kGa * std::pow(1 + q2 / (kAxialMass * kAxialMass), -2);
  const double m2 = lepton_mass * lepton_mass;
  const double fp = 2 * kM * kM * fa / (0.13957 * 0.13957 + q2);
  const double a =
      (m2 + q2) / (kM * kM) *
      ((1 + tau) * fa * fa - (1 - tau) * f1 * f1 + tau * (1 - tau) * f2 * f2 + 4 * tau * f1 * f2 -
       m2 / (4 * kM * kM) *
           ((f1 + f2) * (f1 + f2) + (fa + 2 * fp) * (fa + 2 * fp) - 4 * (tau + 1) * fp * fp));
  const double b = q2 / (kM * kM) * fa * (f1 + f2);
  const double c = 0.25 * (fa * fa + f1 * f1 + tau * f2 * f2);
  const double su = (4 * kM * energy - q2 - m2) / (kM * kM);
  // M^2 G_F^2 cos^2(theta_C) / 8 pi, in 1e-38 cm^2 GeV^-2 times GeV^2.
  constexpr double kStrength = 0.1765;
  return std::max(0.0, kStrength * (a - su * b + su * su * c) / (energy * energy));
}

ChannelStrengths channel_strengths(double energy, double lepton_mass) {
  const double e = energy / 1000;
  // A heavy lepton moves every threshold up by about m + m^2 / 2M.
  const double shift = (lepton_mass + lepton_mass * lepton_mass / (2 * kNucleonMass)) / 1000 - 0.11;
  const double free = e - std::max(shift, 0.0);
  ChannelStrengths s;
  if (free <= 0.02) return s;
  s.qe = 0.42 * (1 - std::exp(-free / 0.35));
  s.mec = 0.22 * s.qe;
  s.res = free > 0.35 ? 0.75 * (1 - std::exp(-std::pow((free - 0.35) / 0.75, 1.2))) : 0;
  s.dis = free > 1.1 ? 0.63 * free * std::pow(1 - 1.1 / free, 1.3) : 0;
  s.coh = free > 0.4 ? 0.012 * std::sqrt(free) : 0;
  return s;
}

Interaction interact(Flavour flavour, bool charged_current, double energy, Random& random) {
  const double lepton_mass = charged_current ? lepton_mass_of(flavour) : 0;
  Generator generator(flavour, charged_current, energy, random);
  const ChannelStrengths s = channel_strengths(energy, lepton_mass);
  using Make = std::optional<Attempt> (Generator::*)();
  const std::array<std::pair<double, std::pair<const char*, Make>>, 5> channels = {{
      {s.qe, {"QE", &Generator::quasi_elastic}},
      {s.mec, {"MEC", &Generator::two_nucleons}},
      {s.res, {"RES", &Generator::resonance}},
      {s.dis, {"DIS", &Generator::deep_inelastic}},
      {s.coh, {"COH", &Generator::coherent}},
  }};
  std::optional<Attempt> made;
  const char* kind = "";
  while (!made) {
    double pick = random.uniform(0, s.total());
    std::size_t i = 0;
    while (i + 1 < channels.size() && pick >= channels[i].first) pick -= channels[i++].first;
    kind = channels[i].second.first;
    made = (generator.*channels[i].second.second)();
  }
  Interaction out;
  out.charged_current = charged_current;
  out.flavour = flavour;
  out.kind = kind;
  out.neutrino_energy = energy;
  out.lepton = made->vertex.lepton;
  out.q2 = made->vertex.q2;
  out.w = made->w;
  if (charged_current) {
    const Species species = flavour == Flavour::kElectron ? Species::kElectron
                            : flavour == Flavour::kMuon   ? Species::kMuonMinus
                                                          : Species::kTau;
    const Particle lepton{species, out.lepton, {}};
    if (flavour == Flavour::kTau) {
      out.particles = decay_tau(lepton, random);
    } else {
      out.particles = {lepton};
    }
  }
  const std::vector<Particle> left =
      made->coherent ? made->hadrons
                     : leave_nucleus(std::move(made->hadrons), made->formation, random);
  out.particles.insert(out.particles.end(), left.begin(), left.end());
  count(out);
  return out;
}

}  // namespace firstlight::sim::lartpc
