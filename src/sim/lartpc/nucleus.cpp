#include "nucleus.h"

#include <algorithm>
#include <cmath>

namespace firstlight::sim::lartpc {
namespace {

constexpr double kRadius = 3.53, kSkin = 0.542;  // fm
constexpr double kStep = 0.3;                    // fm
constexpr double kEdge = kRadius + 5 * kSkin;
constexpr int kNucleons = 40;
constexpr double kWell = 41;       // MeV: Fermi energy and separation
constexpr double kSeparation = 8;  // MeV

/// The energy that a hadron inside brings out: nucleons climb out of the well, pions carry their
/// mass.
double outside_energy(const Particle& hadron) {
  return is_nucleon(hadron.species) ? hadron.kinetic() - kWell : hadron.p.e;
}

Particle with_kinetic(const Particle& hadron, double t) {
  const double m = mass_of(hadron.species);
  Particle out = hadron;
  out.p = on_shell(m, hadron.p.p.unit() * std::sqrt(std::max(0.0, t * (t + 2 * m))));
  return out;
}

/// Nucleons per fm^3.
double density(double r) {
  // Normalised to 40 nucleons: 4 pi R^3 / 3 (1 + (pi a / R)^2).
  constexpr double kVolume = 4.18879020 * kRadius * kRadius * kRadius *
                             (1 + 9.8696044 * kSkin * kSkin / (kRadius * kRadius));
  return kNucleons / kVolume / (1 + std::exp((r - kRadius) / kSkin));
}

/// A point with the density of nucleons.
Vec3 point_inside(Random& random) {
  for (;;) {
    const Vec3 p = {random.uniform(-kEdge, kEdge), random.uniform(-kEdge, kEdge),
                    random.uniform(-kEdge, kEdge)};
    const double r = p.norm();
    if (r < kEdge && random.uniform() * density(0) < density(r)) return p;
  }
}

double breit_wigner(double x, double mean, double width) {
  return 1 / (1 + 4 * (x - mean) * (x - mean) / (width * width));
}

/// Mean cross-section with a nucleon of the nucleus, fm^2 (10 mb). Pions: the Delta at T = 190 MeV
/// above 25 mb, half as strong in the medium as for free nucleons (Oset & Salcedo, Nucl. Phys. A
/// 468 (1987) 631); nucleons: the free mean of pp and pn below 60 mb (Review of Particle Physics),
/// with what Pauli blocking leaves handled by collision.
double cross_section(const Particle& hadron) {
  const double t = hadron.kinetic();
  if (is_pion(hadron.species))
    return 2.5 * std::min(1.0, t / 150) + 8.5 * breit_wigner(t, 190, 130);
  return std::min(6.0, 3.2 + 160 / std::max(t, 20.0));
}

Particle target_nucleon(Random& random) {
  const Species species = random.chance(0.45) ? Species::kProton : Species::kNeutron;
  return {species, struck_nucleon(species, random), {}};
}

bool blocked(const Particle& p) { return is_nucleon(p.species) && p.p.p.norm() < kFermiMomentum; }

/// Two bodies of the given species from `total`, forward-peaked with exp(b t) where b > 0.
std::vector<Particle> two_bodies(const FourVector& total, Species a, Species b, const Vec3& forward,
                                 double peak, Random& random) {
  const double m = total.mass();
  const auto rest = phase_space(m, {mass_of(a), mass_of(b)}, random);
  if (rest.empty()) return {};
  const double p = rest[0].p.norm();
  Vec3 direction = rest[0].p.unit();
  if (peak > 0) {
    // t = -2 p^2 (1 - cos theta), p in GeV.
    const double width = 2 * peak * p * p * 1e-6;
    const double u = random.uniform();
    const double cos_theta =
        width < 1e-3 ? 1 - 2 * u : 1 + std::log(u + (1 - u) * std::exp(-2 * width)) / width;
    const FourVector seen = on_shell(1, forward * 1e4).boosted(total.velocity() * -1);
    direction = turned(seen.p.unit(), cos_theta, random.uniform(0, 2 * M_PI));
  }
  return {{a, on_shell(mass_of(a), direction * p).boosted(total.velocity()), {}},
          {b, on_shell(mass_of(b), direction * -p).boosted(total.velocity()), {}}};
}

int nucleon_charge(Species s) { return s == Species::kProton ? 1 : 0; }
Species nucleon(int charge) { return charge > 0 ? Species::kProton : Species::kNeutron; }
Species pion(int charge) {
  return charge > 0 ? Species::kPiPlus : charge < 0 ? Species::kPiMinus : Species::kPiZero;
}

/// A pion meets a nucleon. Empty where the exclusion principle forbids it.
std::vector<Particle> pion_collision(const Particle& hadron, Random& random) {
  const double t = hadron.kinetic();
  const Particle target = target_nucleon(random);
  const int charge = charge_of(hadron.species);
  // Absorption by a pair: the greatest fate near the Delta, rare above 500 MeV (Ashery et al.,
  // Phys. Rev. C 23 (1981) 2173).
  const double absorbed = 0.10 + 0.35 * std::exp(-std::pow((t - 130) / 150, 2));
  if (random.chance(t > 600 ? 0.04 : absorbed)) {
    Particle partner = target_nucleon(random);
    int total = charge + nucleon_charge(target.species) + nucleon_charge(partner.species);
    if (total < 0 || total > 2) {
      partner.species = nucleon(total < 0 ? 1 : 0);
      total = std::clamp(total, 0, 2);
    }
    const int first = total == 2 ? 1 : total == 0 ? 0 : random.chance(0.5) ? 1 : 0;
    return two_bodies(hadron.p + target.p + partner.p, nucleon(first), nucleon(total - first),
                      hadron.p.p.unit(), 0, random);
  }
  const FourVector total = hadron.p + target.p;
  const int sum = charge + nucleon_charge(target.species);
  if (t > 450 && total.mass() > kNucleonMass + 2 * kPionMass + 60 &&
      random.chance(std::min(0.7, (t - 450) / 800))) {
    return hadronise(total, hadron.p.p * -1.0, sum, 1, random);
  }
  // Through a Delta: charge exchange where the charges allow it, with its isospin weights.
  int out = charge;
  if (sum == 0 || sum == 1) {
    const bool neutral_now = charge == 0;
    if (random.chance(neutral_now ? 1.0 / 3 : 2.0 / 9 * 1.5)) {
      out = neutral_now ? (sum == 1 ? 1 : -1) : 0;
    }
  }
  return two_bodies(total, pion(out), nucleon(sum - out), hadron.p.p.unit(), t > 400 ? 4 : 0,
                    random);
}

std::vector<Particle> nucleon_collision(const Particle& hadron, Random& random) {
  const double t = hadron.kinetic();
  const Particle target = target_nucleon(random);
  const FourVector total = hadron.p + target.p;
  const int sum = nucleon_charge(hadron.species) + nucleon_charge(target.species);
  // Pion production opens at 290 MeV and is half of the cross-section above 1 GeV.
  if (total.mass() > 2 * kNucleonMass + kPionMass + 20 &&
      random.chance(std::clamp((t - 350) / 1300, 0.0, 0.55))) {
    return hadronise(total, hadron.p.p, sum, 2, random);
  }
  return two_bodies(total, hadron.species, target.species, hadron.p.p.unit(), t > 150 ? 5 : 0,
                    random);
}

std::vector<Particle> collide(const Particle& hadron, Random& random) {
  std::vector<Particle> out =
      is_pion(hadron.species) ? pion_collision(hadron, random) : nucleon_collision(hadron, random);
  if (std::any_of(out.begin(), out.end(), blocked)) return {};
  for (Particle& p : out) p.position = hadron.position;
  return out;
}

/// Neutrons and protons of a few MeV and photons, until the excitation is spent.
void evaporate(double excitation, Products& out, Random& random) {
  const auto nucleon_of = [&](Species species, double t) {
    const double m = mass_of(species);
    out.push_back({species, on_shell(m, isotropic(random) * std::sqrt(t * (t + 2 * m))), {}});
  };
  while (excitation > kSeparation + 3) {
    // Spectrum ~ t exp(-t / T) with a temperature of some 2 MeV; protons pass a Coulomb barrier.
    const bool proton = random.chance(0.3);
    const double t = 2.0 * (random.exponential() + random.exponential()) + (proton ? 3 : 0);
    if (t + kSeparation > excitation) break;
    nucleon_of(proton ? Species::kProton : Species::kNeutron, t);
    excitation -= t + kSeparation;
  }
  while (excitation > 0.8) {
    const double e = std::min(excitation, 0.6 + 1.2 * random.exponential());
    out.push_back({Species::kPhoton, {e, isotropic(random) * e}, {}});
    excitation -= e;
  }
}

/// The cascade; `forced` makes the first hadron collide where it stands.
Products cascade(std::vector<Particle> stack, bool formation, bool forced, Random& random) {
  Products out;
  double left = 0;  // energy that has not come out yet: in the end, the nucleus's excitation
  for (const Particle& p : stack) {
    left += outside_energy(p) + (is_nucleon(p.species) ? kSeparation : 0);
  }
  std::vector<double> free_path(stack.size(), 0.0);
  if (formation) {
    for (std::size_t i = 0; i < stack.size(); ++i) {
      free_path[i] = 0.342 * stack[i].p.p.norm() / std::max(mass_of(stack[i].species), 139.0);
    }
  }
  int budget = 200;  // collisions; a nucleus has no more to give
  while (!stack.empty()) {
    Particle hadron = stack.back();
    stack.pop_back();
    double untouched = free_path.back();
    free_path.pop_back();
    const Vec3 direction = hadron.p.p.unit();
    bool gone = false;
    while (hadron.position.norm() < kEdge && budget > 0) {
      const bool collides =
          forced || (untouched <= 0 && random.chance(1 - std::exp(-density(hadron.position.norm()) *
                                                                  cross_section(hadron) * kStep)));
      if (collides) {
        std::vector<Particle> made = collide(hadron, random);
        --budget;
        if (!made.empty()) {
          forced = false;
          for (Particle& p : made) {
            stack.push_back(p);
            free_path.push_back(0);
          }
          gone = true;
          break;
        }
        if (forced && budget < 150) forced = false;
        if (forced) continue;
      }
      hadron.position += direction * kStep;
      untouched -= kStep;
    }
    if (gone) continue;
    if (is_nucleon(hadron.species)) {
      // A slow nucleon stays, and so does one for which no energy is left.
      const double t = std::min(outside_energy(hadron), left - kSeparation);
      if (t < (hadron.species == Species::kProton ? 5 : 2)) continue;
      hadron = with_kinetic(hadron, t);
      left -= t + kSeparation;
    } else {
      left -= hadron.p.e;
    }
    hadron.position = {};
    out.push_back(hadron);
  }
  evaporate(std::clamp(left, 0.0, 150.0), out, random);
  return out;
}

}  // namespace

Vec3 fermi_momentum(Random& random) {
  if (random.chance(0.2)) {
    // Tail ~ 1/p^4 up to 600 MeV/c.
    const double a = std::pow(kFermiMomentum, -3), b = std::pow(600.0, -3);
    return isotropic(random) * std::pow(a + (b - a) * random.uniform(), -1.0 / 3);
  }
  return isotropic(random) * (kFermiMomentum * std::cbrt(random.uniform()));
}

FourVector struck_nucleon(Species species, Random& random) {
  const Vec3 p = fermi_momentum(random);
  const double m = mass_of(species);
  return {m + std::min(p.norm2() / (2 * m), kWell - kSeparation), p};
}

Products leave_nucleus(std::vector<Particle> hadrons, bool formation, Random& random) {
  const Vec3 birth = point_inside(random);
  for (Particle& p : hadrons) p.position = birth;
  return cascade(std::move(hadrons), formation, false, random);
}

Products strike_nucleus(const Particle& hadron, Random& random) {
  Particle inside =
      is_nucleon(hadron.species) ? with_kinetic(hadron, hadron.kinetic() + kWell) : hadron;
  inside.position = point_inside(random);
  // A hadron is stopped more often on the near side.
  const Vec3 direction = hadron.p.p.unit();
  if (inside.position.dot(direction) > 0 && random.chance(0.5)) {
    inside.position = inside.position - direction * (2 * inside.position.dot(direction));
  }
  return cascade({inside}, false, true, random);
}

Products capture_at_rest(Species species, Random& random) {
  Products out;
  if (species == Species::kMuonMinus) {
    evaporate(random.uniform(5, 25), out, random);
    return out;
  }
  // A negative pion: two fast nucleons, mostly neutrons, share its mass.
  Particle a = target_nucleon(random), b = target_nucleon(random);
  a.species = Species::kProton;
  const int total = random.chance(0.3) ? 1 : 0;
  const FourVector pair = a.p + b.p + FourVector{kPionMass, {}};
  const Species first = total == 1 && random.chance(0.5) ? Species::kProton : Species::kNeutron;
  std::vector<Particle> nucleons =
      two_bodies(pair, first, nucleon(total - nucleon_charge(first)), {0, 0, 1}, 0, random);
  return leave_nucleus(std::move(nucleons), false, random);
}

}  // namespace firstlight::sim::lartpc
