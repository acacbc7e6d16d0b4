#include "readout.h"

#include <algorithm>
#include <cmath>

#include "argon.h"

namespace firstlight::sim::lartpc {
namespace {

constexpr double kFlatSurvival = 0.7;

}  // namespace

Volume volume_of(LartpcReadout readout) {
  return readout == LartpcReadout::kPixels ? Volume{{-90, -100, 0}, {90, 100, 700}}
                                           : Volume{{-360, -600, 0}, {360, 600, 1394}};
}

Volume fiducial_of(LartpcReadout readout) {
  return readout == LartpcReadout::kPixels ? Volume{{-75, -85, 30}, {75, 85, 450}}
                                           : Volume{{-310, -550, 50}, {310, 550, 1150}};
}

double electrons_of(const Segment& segment, const LartpcOptions& options) {
  // Losses below a minimum-ionising particle's are the fluctuation of a step, not a density.
  const double loss = std::max<double>(segment.loss, 1.5);
  const double survival = options.recombination == "box" ? box_survival(loss, options.field_kv_cm)
                          : options.recombination == "birks"
                              ? birks_survival(loss, options.field_kv_cm)
                              : kFlatSurvival;
  return segment.energy * 1e6 / kIonisationWorkEv * survival;
}

double surviving(double drift, const LartpcOptions& options) {
  if (options.lifetime_ms <= 0) return 1;
  return std::exp(-drift / kDriftSpeed / (options.lifetime_ms * 1000));
}

double calorimetric_mev(double electrons, const LartpcOptions& options) {
  constexpr double kMuonLoss = 2.1;  // MeV/cm
  const double survival =
      options.recombination == "box"     ? box_survival(kMuonLoss, options.field_kv_cm)
      : options.recombination == "birks" ? birks_survival(kMuonLoss, options.field_kv_cm)
                                         : kFlatSurvival;
  return electrons * kIonisationWorkEv * 1e-6 / survival;
}

bool is_dead(std::uint64_t channel, const LartpcOptions& options) {
  if (options.dead_channels <= 0) return false;
  return Random(options.detector_seed, channel).uniform() < options.dead_channels;
}

std::pair<double, double> weighted_range(std::vector<std::pair<double, double>> value_weight,
                                         double tail) {
  if (value_weight.empty()) return {0, 0};
  std::sort(value_weight.begin(), value_weight.end());
  double total = 0;
  for (const auto& [value, weight] : value_weight) total += weight;
  double sum = 0, low = value_weight.front().first, high = value_weight.back().first;
  bool found_low = false;
  for (const auto& [value, weight] : value_weight) {
    sum += weight;
    if (!found_low && sum >= tail * total) {
      low = value;
      found_low = true;
    }
    if (sum >= (1 - tail) * total) {
      high = value;
      break;
    }
  }
  return {low, high};
}

}  // namespace firstlight::sim::lartpc
