// Curves of the event simulator for docs/lartpc-simulation.md, one "name,x,y" a line.
// scripts/make-lartpc-figures runs it and draws them beside published ones.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "lartpc/argon.h"
#include "lartpc/transport.h"

namespace firstlight::sim::lartpc {
namespace {

const Volume kLarge = {{-2000, -2000, -2000}, {2000, 2000, 2000}};

Particle along_z(Species species, double kinetic) {
  const double m = mass_of(species);
  return {species, on_shell(m, {0, 0, std::sqrt(kinetic * (kinetic + 2 * m))}), {}};
}

void put(const char* name, double x, double y) { std::printf("%s,%.6g,%.6g\n", name, x, y); }

void ranges() {
  TransportOptions options;
  options.interactions = false;
  Random random(1);
  for (double t = 20; t < 4000; t *= 1.5) {
    put("range_csda", t, csda_range(t, kMuonMass) * kDensity);
    double sum = 0;
    for (int i = 0; i < 60; ++i) {
      sum += transport({along_z(Species::kMuonMinus, t)}, kLarge, options, random).tracks[0].length;
    }
    put("range_simulated", t, sum / 60 * kDensity);
  }
}

void losses() {
  TransportOptions options;
  options.interactions = false;
  Random random(2);
  std::vector<double> histogram(100, 0.0);
  double n = 0;
  for (int i = 0; i < 400; ++i) {
    const Deposits d = transport({along_z(Species::kMuonMinus, 1000)},
                                 {{-90, -90, -1}, {90, 90, 90}}, options, random);
    for (const Segment& s : d.segments) {
      if (std::abs((s.to - s.from).norm() - 0.3) > 1e-6) continue;
      ++histogram[std::min<std::size_t>(99, static_cast<std::size_t>(s.energy / 0.3 / 0.06))];
      ++n;
    }
  }
  for (std::size_t i = 0; i < 99; ++i) put("loss", 0.06 * (i + 0.5), histogram[i] / n / 0.06);
  const double bg = std::sqrt(1000 * (1000 + 2 * kMuonMass)) / kMuonMass;
  put("loss_most_probable", most_probable_loss(bg, 0.3) / 0.3, 0);
  put("loss_mean", bethe(bg, kMuonMass), 0);
}

void gaps() {
  Random random(3);
  TransportOptions options;
  options.showers = false;
  std::vector<double> histogram(60, 0.0);
  constexpr int kEvents = 20000;
  for (int i = 0; i < kEvents; ++i) {
    const Deposits d =
        transport({{Species::kPhoton, {2000, {0, 0, 2000}}, {}}}, kLarge, options, random);
    const auto bin = static_cast<std::size_t>(d.showers[0].gap / 2);
    if (bin < histogram.size()) histogram[bin] += 1.0 / kEvents / 2;
  }
  for (std::size_t i = 0; i < histogram.size(); ++i) put("gap", 2 * i + 1.0, histogram[i]);
  for (double e = 5; e < 2e4; e *= 1.3) put("path", e, photon_mean_free_path(e));
}

void showers(const char* name, Species species, double energy, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> along(60, 0.0), across(80, 0.0);
  double total = 0;
  constexpr int kEvents = 200;
  for (int i = 0; i < kEvents; ++i) {
    for (const Segment& s : transport({along_z(species, energy)}, kLarge, random).segments) {
      const auto z = static_cast<std::size_t>(std::max(0.0, 2 * s.to.z / kRadiationLength));
      const auto r = static_cast<std::size_t>(2 * std::hypot(s.to.x, s.to.y));
      if (z < along.size()) along[z] += s.energy;
      if (r < across.size()) across[r] += s.energy;
      total += s.energy;
    }
  }
  char label[64];
  std::snprintf(label, sizeof label, "along_%s", name);
  for (std::size_t i = 0; i < along.size(); ++i) put(label, (i + 0.5) / 2, 2 * along[i] / total);
  std::snprintf(label, sizeof label, "across_%s", name);
  double sum = 0;
  for (std::size_t i = 0; i < across.size(); ++i)
    put(label, (i + 1) / 2.0, (sum += across[i]) / total);
}

/// Energy a cm in the first 2.4 cm of showers.
void starts(const char* name, Species species, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> histogram(60, 0.0);
  constexpr int kEvents = 4000;
  for (int i = 0; i < kEvents; ++i) {
    const Deposits d = transport({along_z(species, random.uniform(200, 1000))}, kLarge, random);
    const Vec3 start = d.showers[0].start;
    double energy = 0;
    for (const Segment& s : d.segments) {
      const double z = s.to.z - start.z;
      if (z > 0 && z < 2.4 && std::hypot(s.to.x - start.x, s.to.y - start.y) < 1)
        energy += s.energy;
    }
    ++histogram[std::min<std::size_t>(59, static_cast<std::size_t>(energy / 2.4 / 0.15))];
  }
  for (std::size_t i = 0; i < 59; ++i) put(name, 0.15 * (i + 0.5), histogram[i] / kEvents / 0.15);
}

void michel() {
  Random random(9);
  std::vector<double> histogram(55, 0.0);
  constexpr int kEvents = 100000;
  for (int i = 0; i < kEvents; ++i) {
    histogram[static_cast<std::size_t>(michel_energy(random))] += 1.0 / kEvents;
  }
  for (std::size_t i = 0; i < histogram.size(); ++i) put("michel", i + 0.5, histogram[i]);
}

}  // namespace
}  // namespace firstlight::sim::lartpc

int main() {
  using namespace firstlight::sim::lartpc;
  ranges();
  losses();
  gaps();
  showers("electron_1", Species::kElectron, 1000, 4);
  showers("electron_4", Species::kElectron, 4000, 5);
  showers("photon_2", Species::kPhoton, 2000, 6);
  starts("start_electron", Species::kElectron, 7);
  starts("start_photon", Species::kPhoton, 8);
  michel();
}
