#include <algorithm>
#include <array>
#include <cmath>

#include "readout.h"

namespace firstlight::sim::lartpc {
namespace {

constexpr std::array<double, 4> kAnodes = {-90, -30, 30, 90};
/// 1.3 mm and 0.9 mm after a metre of drift (arXiv:2509.08461), with the square root of the drift.
constexpr double kTransverse = 0.13, kLongitudinal = 0.09;
constexpr double kNoise = 500, kThreshold = 5000;  // electrons
/// Electrons a grey level at 5 mm: a muon makes 33, as in DUNE's maps.
constexpr double kElectronsPerLevel = 850;
constexpr double kField = 2560;   ///< mm that a map shows
constexpr double kMargin = 0.06;  ///< of the map before the first charge along z

double nearest_anode(double x) {
  double best = 1e9;
  for (const double a : kAnodes) best = std::min(best, std::abs(x - a));
  return best;
}

struct Charge {
  std::uint64_t voxel;
  float electrons;
};

std::uint64_t voxel_of(int x, int y, int z) {
  return static_cast<std::uint64_t>(x) << 40 | static_cast<std::uint64_t>(y) << 20 |
         static_cast<std::uint64_t>(z);
}
int x_of(std::uint64_t voxel) { return static_cast<int>(voxel >> 40); }
int y_of(std::uint64_t voxel) { return static_cast<int>(voxel >> 20 & 0xfffff); }
int z_of(std::uint64_t voxel) { return static_cast<int>(voxel & 0xfffff); }

}  // namespace

Maps read_pixels(const Deposits& deposits, const Vec3& vertex, const LartpcOptions& options,
                 Random& random) {
  const Volume volume = volume_of(LartpcReadout::kPixels);
  const double pitch = options.pitch_mm.value_or(5) / 10;
  const int side = options.size.value_or(static_cast<int>(std::lround(kField / 10 / pitch)));
  std::vector<Charge> charges;
  double before = 0, after = 0;
  for (const Segment& s : deposits.segments) {
    const Vec3 way = s.to - s.from;
    const int parts = std::max(1, static_cast<int>(std::ceil(way.norm() / (0.4 * pitch))));
    const double electrons = electrons_of(s, options) / parts;
    for (int i = 0; i < parts; ++i) {
      Vec3 p = s.from + way * ((i + 0.5) / parts);
      const double drift = nearest_anode(p.x);
      const double spread = std::sqrt(drift / 100);
      p += {random.normal() * kLongitudinal * spread, random.normal() * kTransverse * spread,
            random.normal() * kTransverse * spread};
      if (!volume.contains(p)) continue;
      const double left = electrons * surviving(drift, options);
      before += electrons;
      after += left;
      charges.push_back({voxel_of(static_cast<int>((p.x - volume.low.x) / pitch),
                                  static_cast<int>((p.y - volume.low.y) / pitch),
                                  static_cast<int>((p.z - volume.low.z) / pitch)),
                         static_cast<float>(left)});
    }
  }
  std::sort(charges.begin(), charges.end(),
            [](const Charge& a, const Charge& b) { return a.voxel < b.voxel; });
  std::vector<Charge> hits;
  for (std::size_t i = 0; i < charges.size();) {
    double sum = 0;
    const std::uint64_t voxel = charges[i].voxel;
    for (; i < charges.size() && charges[i].voxel == voxel; ++i) sum += charges[i].electrons;
    sum += random.normal() * kNoise * options.noise;
    // A pad serves one drift region: its anode's number tells which.
    const double x = volume.low.x + (x_of(voxel) + 0.5) * pitch;
    const auto region = static_cast<std::uint64_t>((x + 90) / 30);
    if (sum < kThreshold * options.threshold ||
        is_dead(region << 40 | (voxel & 0xffffffffff), options)) {
      continue;
    }
    hits.push_back({voxel, static_cast<float>(sum)});
  }

  Maps out;
  std::vector<std::pair<double, double>> along_z, along_x, along_y;
  double total = 0;
  for (const Charge& hit : hits) {
    along_x.emplace_back(x_of(hit.voxel), hit.electrons);
    along_y.emplace_back(y_of(hit.voxel), hit.electrons);
    along_z.emplace_back(z_of(hit.voxel), hit.electrons);
    total += hit.electrons;
  }
  const auto [first, last] = weighted_range(along_z, 0.01);
  const int z0 = static_cast<int>(first) - static_cast<int>(std::lround(kMargin * side));
  const auto middle = [&](std::vector<std::pair<double, double>> axis) {
    return static_cast<int>(weighted_range(std::move(axis), 0.5).first) - side / 2;
  };
  const int x0 = middle(std::move(along_x)), y0 = middle(std::move(along_y));

  std::vector<double> xz(static_cast<std::size_t>(side) * side, 0.0), yz(xz.size(), 0.0);
  for (const Charge& hit : hits) {
    const int column = z_of(hit.voxel) - z0;
    if (column < 0 || column >= side) continue;
    const auto add = [&](std::vector<double>& map, int row) {
      if (row < 0 || row >= side) return;
      map[static_cast<std::size_t>(row) * side + column] += hit.electrons;
    };
    add(xz, x_of(hit.voxel) - x0);
    // y points up, rows downwards.
    add(yz, side - 1 - (y_of(hit.voxel) - y0));
  }
  const double level = kElectronsPerLevel * pitch / 0.5;
  const auto picture = [&](const char* name, const std::vector<double>& map) {
    Image image{side, side, 1, std::vector<std::uint8_t>(map.size())};
    for (std::size_t i = 0; i < map.size(); ++i) {
      image.pixels[i] = static_cast<std::uint8_t>(std::min(255.0, std::ceil(map[i] / level)));
      out.lit += image.pixels[i] > 0 ? 1 : 0;
    }
    out.views.push_back({name, std::move(image)});
  };
  picture("xz", xz);
  picture("yz", yz);
  const double vz = (vertex.z - volume.low.z) / pitch - z0;
  out.vertex_px = {{vz, (vertex.x - volume.low.x) / pitch - x0},
                   {vz, side - ((vertex.y - volume.low.y) / pitch - y0)}};
  out.measured.hits = static_cast<int>(hits.size());
  out.measured.extent_cm = (last - first) * pitch;
  out.measured.energy_mev = calorimetric_mev(after > 0 ? total * before / after : 0, options);
  return out;
}

}  // namespace firstlight::sim::lartpc
