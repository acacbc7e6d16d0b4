#include <algorithm>
#include <cmath>

#include "nucleus.h"

namespace firstlight::sim::lartpc {
namespace {

/// Number of pions for an invariant mass `w` (MeV), at least one.
int pion_count(double w, int charge, int baryons, Random& random) {
  const double free = w - baryons * kNucleonMass - kPionMass;
  if (free < kPionMass) return 1;
  // Charged hadrons for W in GeV; the second baryon takes the place of its mass.
  const double w_gev = (w - (baryons - 1) * kNucleonMass) / 1000;
  const double charged = (charge >= 2 ? 0.40 : -0.05) + 1.42 * std::log(w_gev * w_gev);
  // The nucleon and the charges that must be there count among the charged hadrons.
  const double mean = std::max(1.4 * charged - 1, 0.6);
  const int most = static_cast<int>(free / kPionMass) + 1;
  for (int attempt = 0; attempt < 50; ++attempt) {
    // KNO scaling: the spread grows with the mean.
    const int n = static_cast<int>(std::lround(random.normal(mean, 0.45 * mean + 0.25)));
    if (n >= 1 && n <= most) return n;
  }
  return std::clamp(static_cast<int>(std::lround(mean)), 1, most);
}

std::vector<Species> species_for(int charge, int baryons, int pions, Random& random) {
  std::vector<Species> out;
  int left = charge;
  for (int b = 0; b < baryons; ++b) {
    const bool proton = random.chance(left > 0 ? 0.65 : 0.35);
    out.push_back(proton ? Species::kProton : Species::kNeutron);
    left -= proton ? 1 : 0;
  }
  // A single pion can carry one charge: let a nucleon take the rest.
  while (std::abs(left) > pions) {
    for (Species& s : out) {
      const Species wanted = left > 0 ? Species::kProton : Species::kNeutron;
      if (s == wanted || std::abs(left) <= pions) continue;
      s = wanted;
      left += left > 0 ? -1 : 1;
    }
    if (std::all_of(out.begin(), out.end(), [&](Species s) {
          return s == (left > 0 ? Species::kProton : Species::kNeutron);
        })) {
      break;
    }
  }
  for (; left != 0 && pions > 0; --pions) {
    out.push_back(left > 0 ? Species::kPiPlus : Species::kPiMinus);
    left += left > 0 ? -1 : 1;
  }
  while (pions > 0) {
    if (pions >= 2 && random.chance(2.0 / 3)) {
      out.push_back(Species::kPiPlus);
      out.push_back(Species::kPiMinus);
      pions -= 2;
    } else {
      out.push_back(Species::kPiZero);
      --pions;
    }
  }
  return out;
}

}  // namespace

std::vector<Particle> hadronise(const FourVector& total, const Vec3& forward, int charge,
                                int baryons, Random& random) {
  const double w = total.mass();
  const int pions = pion_count(w, charge, baryons, random);
  const std::vector<Species> species = species_for(charge, baryons, pions, random);
  const std::size_t n = species.size();
  std::vector<Particle> out;
  std::vector<double> masses;
  double sum = 0;
  for (const Species s : species) {
    masses.push_back(mass_of(s));
    sum += masses.back();
  }
  if (sum >= w - 1) {  // At threshold: the nucleons alone keep energy and momentum.
    for (int b = 0; b < baryons; ++b) {
      const Vec3 p = total.p * (1.0 / baryons);
      out.push_back({species[static_cast<std::size_t>(b)],
                     on_shell(masses[static_cast<std::size_t>(b)], p),
                     {}});
    }
    return out;
  }
  std::vector<FourVector> momenta;
  if (n <= 3) {
    momenta = phase_space(w, masses, random);
  } else {
    // Longitudinal phase space: transverse momenta that sum to nothing, even rapidities, then the
    // longitudinal momenta scaled until the energies sum to W.
    std::vector<double> px(n), py(n), rapidity(n);
    double shrink = 1, mean_x = 0, mean_y = 0;
    for (std::size_t i = 0; i < n; ++i) {
      mean_x += (px[i] = random.normal(0, 270)) / static_cast<double>(n);
      mean_y += (py[i] = random.normal(0, 270)) / static_cast<double>(n);
    }
    for (std::size_t i = 0; i < n; ++i) {
      px[i] -= mean_x;
      py[i] -= mean_y;
      rapidity[i] = random.uniform(-1, 1);
    }
    std::sort(rapidity.begin(), rapidity.end());
    // Nucleons, which come first, go backwards; pions in random order.
    std::vector<double> rest(rapidity.begin() + baryons, rapidity.end());
    random.shuffle(rest);
    std::copy(rest.begin(), rest.end(), rapidity.begin() + baryons);
    const auto transverse = [&] {
      double energy = 0;
      for (std::size_t i = 0; i < n; ++i) {
        energy +=
            std::sqrt(masses[i] * masses[i] + shrink * shrink * (px[i] * px[i] + py[i] * py[i]));
      }
      return energy;
    };
    while (transverse() > 0.9 * w && shrink > 0.02) shrink *= 0.9;
    std::vector<double> pz(n);
    double mean_z = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double mt = std::hypot(masses[i], shrink * std::hypot(px[i], py[i]));
      mean_z += (pz[i] = mt * std::sinh(2 * rapidity[i])) / static_cast<double>(n);
    }
    for (double& z : pz) z -= mean_z;
    const auto energy = [&](double scale) {
      double e = 0;
      for (std::size_t i = 0; i < n; ++i) {
        e += std::sqrt(masses[i] * masses[i] + shrink * shrink * (px[i] * px[i] + py[i] * py[i]) +
                       scale * scale * pz[i] * pz[i]);
      }
      return e;
    };
    double low = 0, high = 1;
    while (energy(high) < w && high < 1e6) high *= 2;
    for (int i = 0; i < 50; ++i) (energy((low + high) / 2) < w ? low : high) = (low + high) / 2;
    const Vec3 axis = forward.unit();
    const Vec3 a = turned(axis, 0, 0), b = turned(axis, 0, M_PI / 2);
    for (std::size_t i = 0; i < n; ++i) {
      momenta.push_back(
          on_shell(masses[i], a * (shrink * px[i]) + b * (shrink * py[i]) + axis * (high * pz[i])));
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    out.push_back({species[i], momenta[i].boosted(total.velocity()), {}});
  }
  return out;
}

}  // namespace firstlight::sim::lartpc
