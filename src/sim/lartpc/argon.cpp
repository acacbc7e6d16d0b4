#include "argon.h"

#include <algorithm>
#include <cmath>

namespace firstlight::sim::lartpc {
namespace {

constexpr double kK = 0.307075;                // MeV cm^2 / mol, RPP table 34.1
constexpr double kI = kExcitationEv * 1e-6;    // MeV
constexpr double kAvogadroBarn = 0.602214076;  // per mol and barn
constexpr double kAtomsPerBarnCm = kAvogadroBarn * kDensity / kA;
constexpr double kThomson = 0.6652458732;  // barn
constexpr double kAlphaR2 = 0.5795e-3;     // alpha r_e^2, barn

double beta2_of(double beta_gamma) {
  return beta_gamma * beta_gamma / (1 + beta_gamma * beta_gamma);
}

}  // namespace

double density_effect(double beta_gamma) {
  // Liquid argon: Sternheimer, Berger & Seltzer, At. Data Nucl. Data Tables 30 (1984) 261.
  constexpr double kC = 5.2146, kA1 = 0.19559, kM = 3.0, kX0 = 0.2, kX1 = 3.0;
  const double x = std::log10(beta_gamma);
  if (x < kX0) return 0;
  double delta = 2 * M_LN10 * x - kC;
  if (x < kX1) delta += kA1 * std::pow(kX1 - x, kM);
  return delta;
}

double max_transfer(double beta_gamma, double m) {
  const double ratio = kElectronMass / m;
  const double gamma = std::sqrt(1 + beta_gamma * beta_gamma);
  return 2 * kElectronMass * beta_gamma * beta_gamma / (1 + 2 * gamma * ratio + ratio * ratio);
}

double bethe(double beta_gamma, double m) {
  return restricted_bethe(beta_gamma, m, max_transfer(beta_gamma, m));
}

double restricted_bethe(double beta_gamma, double m, double cut) {
  const double most = max_transfer(beta_gamma, m);
  cut = std::min(cut, most);
  const double beta2 = beta2_of(beta_gamma);
  const double bracket =
      0.5 * std::log(2 * kElectronMass * beta_gamma * beta_gamma * cut / (kI * kI)) -
      0.5 * beta2 * (1 + cut / most) - 0.5 * density_effect(beta_gamma);
  // Below the validity of the formula (beta of some 0.05) the bracket vanishes.
  return kDensity * kK * kZOverA / beta2 * std::max(bracket, 0.5);
}

double most_probable_loss(double beta_gamma, double length) {
  const double beta2 = beta2_of(beta_gamma);
  const double xi = 0.5 * kK * kZOverA * kDensity * length / beta2;
  return xi * (std::log(2 * kElectronMass * beta_gamma * beta_gamma / kI) + std::log(xi / kI) +
               0.200 - beta2 - density_effect(beta_gamma));
}

double csda_range(double t, double m) {
  // Equal steps in ln T by Simpson's rule, from an energy whose range is negligible.
  constexpr int kSteps = 400;
  const double low = std::log(std::min(0.5, t / 2));
  const double width = (std::log(t) - low) / kSteps;
  const auto integrand = [&](double log_t) {
    const double energy = std::exp(log_t);
    const double p = std::sqrt(energy * (energy + 2 * m));
    return energy / bethe(p / m, m);
  };
  double sum = integrand(low) + integrand(low + kSteps * width);
  for (int i = 1; i < kSteps; ++i) sum += integrand(low + i * width) * (i % 2 == 1 ? 4 : 2);
  return sum * width / 3;
}

double electron_collision_loss(double t) {
  const double tau = t / kElectronMass;
  const double gamma = 1 + tau;
  const double beta2 = 1 - 1 / (gamma * gamma);
  const double f = (1 - beta2) * (1 + tau * tau / 8 - (2 * tau + 1) * M_LN2);
  const double bracket = 2 * std::log(t / kI) + std::log(1 + tau / 2) + f -
                         density_effect(std::sqrt(gamma * gamma - 1));
  return 0.5 * kK * kZOverA * kDensity / beta2 * bracket;
}

double radiative_share(double t) { return 1 / (1 + 1.2 * std::pow(t, -0.6)); }

double soft_radiative_loss(double e, double cut) {
  const double y = std::min(cut / e, 1.0);
  return radiative_share(e) * e / kRadiationLength * (4 * y / 3 - 2 * y * y / 3 + y * y * y / 3);
}

double photons_per_cm(double e, double cut) {
  if (e <= cut) return 0;
  const double y = cut / e;
  return radiative_share(e) / kRadiationLength *
         (-4.0 / 3 * std::log(y) - 4.0 / 3 * (1 - y) + 0.5 * (1 - y * y));
}

double sample_photon_energy(double e, double cut, Random& random) {
  const double low = std::log(cut / e);
  for (;;) {
    const double y = std::exp(low * random.uniform());
    if (random.uniform() * 4.0 / 3 <= 4.0 / 3 - 4.0 / 3 * y + y * y) return y * e;
  }
}

double pair_cross_section(double e) {
  const double k = e / kElectronMass;
  if (k <= 2) return 0;
  double f = 0;
  if (k < 4) {
    const double eps = (2 * k - 4) / (2 + k + 2 * std::sqrt(2 * k));
    f = 2 * M_PI / 3 * std::pow((k - 2) / k, 3) *
        (1 + eps / 2 + 23.0 / 40 * eps * eps + 11.0 / 60 * std::pow(eps, 3) +
         29.0 / 960 * std::pow(eps, 4));
  } else {
    const double l = std::log(2 * k);
    constexpr double kZeta3 = 1.2020569;
    f = 28.0 / 9 * l - 218.0 / 27 +
        std::pow(2 / k, 2) * (6 * l - 3.5 + 2.0 / 3 * l * l * l - l * l - M_PI * M_PI / 3 * l +
                              2 * kZeta3 + M_PI * M_PI / 6) -
        std::pow(2 / k, 4) * (3.0 / 16 * l + 1.0 / 8) -
        std::pow(2 / k, 6) * (29.0 / (9 * 256) * l - 77.0 / (27 * 512));
  }
  const double bare = kAlphaR2 * kZ * (kZ + 1) * f;
  constexpr double kLimit = 7.0 / 9 / (kAtomsPerBarnCm * kRadiationLength);
  // A smooth lower envelope of the two limits.
  return bare * kLimit / std::pow(std::pow(bare, 6) + std::pow(kLimit, 6), 1.0 / 6);
}

double compton_cross_section(double e) {
  const double k = e / kElectronMass;
  const double l = std::log(1 + 2 * k);
  return kZ * 0.75 * kThomson *
         ((1 + k) / (k * k * k) * (2 * k * (1 + k) / (1 + 2 * k) - l) + l / (2 * k) -
          (1 + 3 * k) / ((1 + 2 * k) * (1 + 2 * k)));
}

double photon_mean_free_path(double e) {
  return 1 / (kAtomsPerBarnCm * (pair_cross_section(e) + compton_cross_section(e)));
}

double sample_compton(double e, double& cos_theta, Random& random) {
  const double k = e / kElectronMass;
  const double least = 1 / (1 + 2 * k);
  // Energy fraction by composition: 1/eps and eps parts, then the angular factor.
  const double a1 = -std::log(least);
  const double a2 = 0.5 * (1 - least * least);
  for (;;) {
    const double eps = random.uniform() * (a1 + a2) < a1
                           ? std::exp(-a1 * random.uniform())
                           : std::sqrt(least * least + (1 - least * least) * random.uniform());
    cos_theta = 1 - (1 / eps - 1) / k;
    const double sin2 = 1 - cos_theta * cos_theta;
    if (random.uniform() <= 1 - eps * sin2 / (1 + eps * eps)) return eps * e;
  }
}

double scattering_angle(double momentum, double beta, double length) {
  return 13.6 / (beta * momentum) * std::sqrt(length / kRadiationLength);
}

double box_survival(double loss, double field) {
  constexpr double kAlpha = 0.93, kBeta = 0.212;  // kBeta in (g/cm^2)(kV/cm)/MeV
  const double xi = kBeta * loss / (kDensity * field);
  return xi <= 1e-6 ? kAlpha : std::clamp(std::log(kAlpha + xi) / xi, 0.0, 1.0);
}

double birks_survival(double loss, double field) {
  constexpr double kBirks = 0.800, kSlope = 0.0486;  // kSlope in (kV/cm)(g/cm^2)/MeV
  return kBirks / (1 + kSlope * loss / (kDensity * field));
}

}  // namespace firstlight::sim::lartpc
