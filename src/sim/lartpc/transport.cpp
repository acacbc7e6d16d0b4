#include "transport.h"

#include <algorithm>
#include <cmath>

#include "argon.h"
#include "loss_tables.h"
#include "nucleus.h"

namespace firstlight::sim::lartpc {
namespace {

constexpr double kMaxStep = 0.3;        // cm
constexpr double kElectronCut = 0.3;    // MeV
constexpr double kPhotonCut = 0.1;      // MeV
constexpr double kFollowedDelta = 0.7;  // MeV, a range of some 3 mm
constexpr double kShowerPhoton = 20;    // MeV, a photon that counts as a shower
constexpr double kMuonCapture = 0.74;
constexpr int kNoShower = -1;

struct Item {
  Particle particle;
  int shower = kNoShower;
  Vec3 birth;  ///< of a photon that begins a shower
  bool is_primary_photon = false;
};

class Tracker {
 public:
  Tracker(const Volume& volume, const TransportOptions& options, Random& random)
      : volume_(volume), options_(options), random_(random) {}

  Deposits run(std::vector<Particle> particles) && {
    for (const Particle& p : particles) add(p, kNoShower);
    while (!stack_.empty()) {
      const Item item = stack_.back();
      stack_.pop_back();
      follow(item);
    }
    return std::move(out_);
  }

 private:
  /// Puts a particle of the event on the stack; electrons and photons of a new shower open it.
  void add(const Particle& p, int shower) {
    Item item{p, shower, p.position, false};
    if (p.species == Species::kPiZero) {
      for (const Particle& photon : decay_pi_zero(p, random_)) add(photon, shower);
      return;
    }
    if (shower == kNoShower) {
      const bool electron = p.species == Species::kElectron || p.species == Species::kPositron;
      if ((electron && p.kinetic() > kShowerPhoton) ||
          (p.species == Species::kPhoton && p.p.e > kShowerPhoton)) {
        item.shower = static_cast<int>(out_.showers.size());
        item.is_primary_photon = !electron;
        out_.showers.push_back({p.species, 0, p.position, 0});
      }
    }
    stack_.push_back(item);
  }

  void follow(const Item& item) {
    switch (item.particle.species) {
      case Species::kElectron:
      case Species::kPositron:
        return electron(item);
      case Species::kPhoton:
        return photon(item);
      case Species::kNeutron:
        return neutron(item);
      case Species::kMuonMinus:
      case Species::kMuonPlus:
      case Species::kPiPlus:
      case Species::kPiMinus:
      case Species::kProton:
        return heavy(item);
      default:
        return;
    }
  }

  void deposit(const Vec3& from, const Vec3& to, double energy, double loss, int shower) {
    if (energy <= 0 || !volume_.contains(to)) return;
    out_.segments.push_back({from, to, static_cast<float>(energy), static_cast<float>(loss)});
    out_.energy += energy;
    if (shower != kNoShower) out_.showers[static_cast<std::size_t>(shower)].energy += energy;
  }

  /// Electrons above kSoftDelta on a step; those that stay on the track are summed, the others go
  /// on the stack. `most` is the greatest transfer, `beta2` of the particle.
  double knock_on(const Item& item, const Vec3& at, const Vec3& direction, double length,
                  double beta2, double most, double momentum, double total_energy) {
    if (most <= kSoftDelta) return 0;
    const double xi = kXiPerCm / beta2 * length;
    if (!options_.fluctuations)
      return xi * (std::log(most / kSoftDelta) - beta2 * (1 - kSoftDelta / most));
    double local = 0;
    const auto n = random_.poisson(xi * (1 / kSoftDelta - 1 / most));
    for (std::uint64_t i = 0; i < n; ++i) {
      const double u = random_.uniform();
      const double t = 1 / (1 / kSoftDelta - u * (1 / kSoftDelta - 1 / most));
      if (random_.uniform() > 1 - beta2 * t / most) continue;
      if (t < kFollowedDelta) {
        local += t;
        continue;
      }
      lost_ += t;
      const double p = std::sqrt(t * (t + 2 * kElectronMass));
      // RPP, section 34.2.7: the angle that energy and momentum leave.
      const double cos_theta = std::min(1.0, t * (total_energy + kElectronMass) / (p * momentum));
      const Vec3 out = turned(direction, cos_theta, random_.uniform(0, 2 * M_PI));
      stack_.push_back(
          {{Species::kElectron, {t + kElectronMass, out * p}, at}, item.shower, at, false});
    }
    return local;
  }

  Vec3 scattered(const Vec3& direction, double momentum, double beta, double length) {
    if (!options_.scattering) return direction;
    const double width = scattering_angle(momentum, beta, length);
    // Two projected angles, normal each: theta^2 / 2 width^2 is exponential.
    const double theta = std::min(width * std::sqrt(2 * random_.exponential()), M_PI);
    return turned(direction, std::cos(theta), random_.uniform(0, 2 * M_PI));
  }

  /// Whether a hadron strikes a nucleus within `length`.
  bool strikes(Species species, double t, double length) {
    double path = kNuclearInteractionLength;
    double strength = 1;
    if (is_pion(species)) {
      path = kPionInteractionLength;
      strength = std::min(1.0, t / 60) * (1 + 0.7 / (1 + std::pow((t - 180) / 110, 2)));
    } else if (species == Species::kProton) {
      strength = std::clamp((t - 10) / 60, 0.0, 1.0);
    }
    return random_.chance(1 - std::exp(-length * strength / path));
  }

  void heavy(const Item& item) {
    const Species species = item.particle.species;
    const double m = mass_of(species);
    const bool hadron = is_pion(species) || is_nucleon(species);
    double t = item.particle.kinetic();
    Vec3 at = item.particle.position, direction = item.particle.p.p.unit();
    const std::size_t record = out_.tracks.size();
    out_.tracks.push_back({species, 0});
    const double stop = species == Species::kProton ? 1.5 : 0.5;
    while (true) {
      if (!volume_.contains(at)) {
        out_.escaped += t;
        return;
      }
      const double momentum = std::sqrt(t * (t + 2 * m));
      const double beta = momentum / (t + m);
      const double bg = momentum / m;
      if (t < stop) {
        deposit(at, at + direction * 0.02, t, t / 0.02, item.shower);
        break;
      }
      const double soft = tables().heavy(bg);
      const double length = std::clamp(0.1 * t / soft, 0.01, kMaxStep);
      const Vec3 next = at + direction * length;
      lost_ = 0;
      double loss = soft * length + knock_on(item, next, direction, length, beta * beta,
                                             max_transfer(bg, m), momentum, t + m);
      if (options_.fluctuations) {
        // What is below kSoftDelta is the sum of many: normal, with variance xi times the cut.
        loss += random_.normal() * std::sqrt(kXiPerCm / (beta * beta) * length * kSoftDelta);
        loss = std::max(loss, 0.3 * soft * length);
      }
      loss = std::min(loss, t);
      deposit(at, next, loss, loss / length, item.shower);
      if (volume_.contains(next)) out_.tracks[record].length += length;
      t -= loss + lost_;
      at = next;
      if (t <= 0) break;
      direction = scattered(direction, momentum, beta, length);
      if (!hadron || !options_.interactions) continue;
      if (strikes(species, t, length)) {
        const double p = std::sqrt(t * (t + 2 * m));
        return strike({species, {t + m, direction * p}, at}, item.shower);
      }
      if (random_.chance(length / 150)) {  // elastic, off the whole nucleus
        const double angle = std::sqrt(random_.exponential() / 90) * 1000 / momentum;
        direction =
            turned(direction, std::cos(std::min(angle, M_PI)), random_.uniform(0, 2 * M_PI));
      }
    }
    if (options_.interactions) at_rest(species, at, item.shower);
  }

  void strike(const Particle& hadron, int shower) {
    for (Particle p : strike_nucleus(hadron, random_)) {
      p.position = hadron.position;
      add(p, shower);
    }
  }

  void at_rest(Species species, const Vec3& at, int shower) {
    if (species == Species::kProton) return;
    const bool captured = species == Species::kPiMinus ||
                          (species == Species::kMuonMinus && random_.chance(kMuonCapture));
    if (captured) {
      for (Particle p : capture_at_rest(species, random_)) {
        p.position = at;
        add(p, shower);
      }
      return;
    }
    // The muon of a pi+ has a range of some millimetre.
    if (species == Species::kPiPlus) deposit(at, at + isotropic(random_) * 0.1, 4.1, 30, shower);
    const double e = std::max(michel_energy(random_), kElectronMass + 0.01);
    const double p = std::sqrt(e * e - kElectronMass * kElectronMass);
    const Species kind = species == Species::kMuonMinus ? Species::kElectron : Species::kPositron;
    // A Michel electron is no shower of the event.
    stack_.push_back({{kind, {e, isotropic(random_) * p}, at}, shower, at, false});
  }

  void electron(const Item& item) {
    constexpr double kM = kElectronMass;
    double t = item.particle.kinetic();
    Vec3 at = item.particle.position, direction = item.particle.p.p.unit();
    while (true) {
      if (!volume_.contains(at)) {
        out_.escaped += t;
        return;
      }
      if (t < kElectronCut) {
        deposit(at, at + direction * 0.03, t, 3, item.shower);
        break;
      }
      const double momentum = std::sqrt(t * (t + 2 * kM));
      const double beta = momentum / (t + kM);
      const double soft = options_.fluctuations ? tables().electron(t) : tables().electron_mean(t);
      const double length = std::clamp(0.2 * t / soft, 0.02, kMaxStep);
      const Vec3 next = at + direction * length;
      lost_ = 0;
      double loss = soft * length;
      if (options_.fluctuations) {
        loss += knock_on(item, next, direction, length, beta * beta, t / 2, momentum, t + kM);
        loss += random_.normal() * std::sqrt(kXiPerCm / (beta * beta) * length * kSoftDelta);
        loss = std::max(loss, 0.3 * soft * length);
      }
      loss = std::min(loss, t);
      deposit(at, next, loss, loss / length, item.shower);
      t -= loss + lost_;
      if (options_.showers) {
        if (t > 0) t -= tables().soft_radiation(std::max(t, 0.1)) * length;
        if (t > kSoftPhoton && random_.chance(1 - std::exp(-tables().hard_photons(t) * length))) {
          const double e = std::min(sample_photon_energy(t + kM, kSoftPhoton, random_), t);
          t -= e;
          const double angle = kM / (t + kM + e) * std::sqrt(random_.exponential());
          const Vec3 out =
              turned(direction, std::cos(std::min(angle, 1.0)), random_.uniform(0, 2 * M_PI));
          stack_.push_back({{Species::kPhoton, {e, out * e}, next}, item.shower, next, false});
        }
      }
      at = next;
      if (t <= 0) break;
      direction = scattered(direction, momentum, beta, length);
    }
    if (item.particle.species == Species::kPositron && options_.showers) {
      const Vec3 out = isotropic(random_);
      for (const double sign : {1.0, -1.0}) {
        stack_.push_back({{Species::kPhoton, {kM, out * (sign * kM)}, at}, item.shower, at, false});
      }
    }
  }

  void photon(const Item& item) {
    double e = item.particle.p.e;
    Vec3 at = item.particle.position, direction = item.particle.p.p.unit();
    bool first = item.is_primary_photon;
    while (true) {
      if (e < kPhotonCut) return deposit(at, at + direction * 0.02, e, 3, item.shower);
      at += direction * (tables().photon_path(e) * random_.exponential());
      if (!volume_.contains(at)) {
        out_.escaped += e;
        return;
      }
      if (std::exchange(first, false)) {
        ShowerRecord& shower = out_.showers[static_cast<std::size_t>(item.shower)];
        shower.start = at;
        shower.gap = (at - item.birth).norm();
      }
      if (random_.chance(tables().pair_share(e))) return pair(item, e, at, direction);
      double cos_theta = 1;
      const double left = sample_compton(e, cos_theta, random_);
      const Vec3 out = turned(direction, cos_theta, random_.uniform(0, 2 * M_PI));
      const Vec3 recoil = direction * e - out * left;
      const double t = e - left;
      const double p = std::sqrt(t * (t + 2 * kElectronMass));
      stack_.push_back({{Species::kElectron, {t + kElectronMass, recoil.unit() * p}, at},
                        item.shower,
                        at,
                        false});
      e = left;
      direction = out;
    }
  }

  void pair(const Item& item, double e, const Vec3& at, const Vec3& direction) {
    // RPP eq. 34.31: 1 - 4/3 x (1 - x).
    double x = 0;
    do x = random_.uniform();
    while (random_.uniform() > 1 - 4.0 / 3 * x * (1 - x));
    const double kinetic = e - 2 * kElectronMass;
    const double phi = random_.uniform(0, 2 * M_PI);
    for (const bool positron : {false, true}) {
      const double t = std::max(kinetic * (positron ? 1 - x : x), 1e-3);
      const double p = std::sqrt(t * (t + 2 * kElectronMass));
      const double angle = kElectronMass / (t + kElectronMass) * std::sqrt(random_.exponential());
      const Vec3 out =
          turned(direction, std::cos(std::min(angle, 1.5)), phi + (positron ? M_PI : 0));
      stack_.push_back(
          {{positron ? Species::kPositron : Species::kElectron, {t + kElectronMass, out * p}, at},
           item.shower,
           at,
           false});
    }
  }

  void neutron(const Item& item) {
    constexpr double kM = kNeutronMass;
    double t = item.particle.kinetic();
    Vec3 at = item.particle.position, direction = item.particle.p.p.unit();
    for (int collision = 0; collision < 60 && t > 1.5; ++collision) {
      const bool fast = t > 20;
      at += direction * (random_.exponential() * (fast ? kNuclearInteractionLength : 20));
      if (!volume_.contains(at)) return;
      if (fast) {
        const double p = std::sqrt(t * (t + 2 * kM));
        return strike({Species::kNeutron, {t + kM, direction * p}, at}, item.shower);
      }
      if (random_.chance(0.35)) {
        const double e = std::min(t, 1.46 + (t > 4 ? random_.uniform(0, 2) : 0));
        stack_.push_back(
            {{Species::kPhoton, {e, isotropic(random_) * e}, at}, item.shower, at, false});
        t -= e;
      } else {
        t *= 1 - 0.1 * random_.uniform();  // 4 A / (1 + A)^2 at most
      }
      direction = isotropic(random_);
    }
  }

  const Volume& volume_;
  const TransportOptions& options_;
  Random& random_;
  std::vector<Item> stack_;
  Deposits out_;
  double lost_ = 0;  ///< energy of followed knock-on electrons of the step
};

}  // namespace

Deposits transport(std::vector<Particle> particles, const Volume& volume,
                   const TransportOptions& options, Random& random) {
  return Tracker(volume, options, random).run(std::move(particles));
}

Deposits transport(std::vector<Particle> particles, const Volume& volume, Random& random) {
  return transport(std::move(particles), volume, TransportOptions{}, random);
}

}  // namespace firstlight::sim::lartpc
