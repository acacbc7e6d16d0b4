#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "argon.h"

namespace firstlight::sim::lartpc {

inline constexpr double kSoftPhoton = 0.5;                               // MeV
inline constexpr double kXiPerCm = 0.5 * 0.307075 * kZOverA * kDensity;  // times 1 / beta^2

/// A function of ln(x), tabulated.
class Table {
 public:
  template <typename F>
  Table(double low, double high, F&& f)
      : low_(std::log(low)), scale_(kPoints / (std::log(high) - std::log(low))) {
    for (int i = 0; i <= kPoints; ++i)
      values_[i] = static_cast<float>(f(std::exp(low_ + i / scale_)));
  }
  double operator()(double x) const {
    const double at = std::clamp((std::log(x) - low_) * scale_, 0.0, kPoints - 1e-6);
    const int i = static_cast<int>(at);
    const double part = at - i;
    return values_[i] * (1 - part) + values_[i + 1] * part;
  }

 private:
  static constexpr int kPoints = 600;
  double low_, scale_;
  std::array<float, kPoints + 1> values_;
};

/// Losses and free paths that transport asks for at every step (argon.h has the formulae).
struct Tables {
  Table heavy{0.02, 1e4, [](double bg) { return restricted_bethe(bg, kMuonMass, kSoftDelta); }};
  Table electron{0.1, 1e6, [](double t) {
                   const double gamma = 1 + t / kElectronMass;
                   const double beta2 = 1 - 1 / (gamma * gamma);
                   const double hard =
                       kXiPerCm / beta2 * std::log(std::max(1.0, t / 2 / kSoftDelta));
                   const double whole = electron_collision_loss(t);
                   return std::max(0.5 * whole, whole - hard);
                 }};
  Table electron_mean{0.1, 1e6, [](double t) { return electron_collision_loss(t); }};
  Table soft_radiation{
      0.1, 1e6, [](double t) { return soft_radiative_loss(t + kElectronMass, kSoftPhoton); }};
  Table hard_photons{0.1, 1e6,
                     [](double t) { return photons_per_cm(t + kElectronMass, kSoftPhoton); }};
  Table photon_path{0.05, 1e6, [](double e) { return photon_mean_free_path(e); }};
  Table pair_share{0.05, 1e6, [](double e) {
                     const double pair = pair_cross_section(e);
                     return pair / (pair + compton_cross_section(e));
                   }};
};

/// Made once.
const Tables& tables();

}  // namespace firstlight::sim::lartpc
