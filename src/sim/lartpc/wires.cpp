#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "readout.h"

namespace firstlight::sim::lartpc {
namespace {

// DUNE far detector, horizontal drift: technical design report IV (JINST 15 (2020) T08010), tables
// 1.2 and 2.1; the maps as DUNE's CVN makes them (dunereco: PixelMapProducer, CVNImageUtils).
constexpr double kAngle = 35.7 * M_PI / 180;          ///< of U and V to the vertical
constexpr double kPitchUv = 0.4669, kPitchZ = 0.479;  ///< cm
constexpr double kFrame = 232.3, kActive = 229.9;  ///< cm of an anode plane along z, and its wires
constexpr double kTick = 0.5;                      ///< us
constexpr double kTicksPerPixel = 6.4;             ///< 3200 ticks over 500 pixels
constexpr int kFine = 4;                           ///< samples a pixel in time
constexpr double kFineCm = kTick * kTicksPerPixel / kFine * kDriftSpeed;
constexpr int kMapWires = 2880, kSide = 500;
/// Electronics: a shaped and deconvolved pulse has a width of some 2.3 ticks.
constexpr double kShaping = 2.3 * kTick * kDriftSpeed;  ///< cm
/// Diffusion at 0.5 kV/cm: 6.2 and 16.3 cm^2/s, as in LArSoft's DUNE configuration.
constexpr double kLongitudinal = 6.2e-6, kTransverse = 16.3e-6;  ///< cm^2/us
constexpr int kLongPulse = 6;  ///< samples (10 ticks) that a hit covers at most
constexpr double kNoise = 1500, kThreshold = 8000;  ///< electrons
constexpr double kHitResolution = 0.12;             ///< of a fitted hit, what DUNE's muons show
/// Electrons a grey level: fits the peak of muons in DUNE's maps (their own scale is 1000 ADC
/// counts x ticks to 255).
constexpr double kElectronsPerLevel = 870;

struct Plane {
  const char* name;
  double sin, cos, pitch;
  bool reversed;  ///< numbered from the far end, and turned round for the map
};

struct Sample {
  std::int32_t wire, time;
  float electrons;
  float drift;
};

struct Hit {
  int wire = 0;
  double time = 0;  ///< fine samples
  double electrons = 0;
};

double normal_cdf(double x) { return 0.5 * std::erfc(-x * M_SQRT1_2); }

/// normal_cdf by table: sharing charge between wires needs it millions of times.
double fast_cdf(double x) {
  static const auto table = [] {
    std::array<float, 801> t{};
    for (int i = 0; i <= 800; ++i)
      t[static_cast<std::size_t>(i)] = static_cast<float>(normal_cdf((i - 400) / 100.0));
    return t;
  }();
  const double at = std::clamp(x * 100 + 400, 0.0, 799.0);
  const auto i = static_cast<std::size_t>(at);
  return table[i] + (table[i + 1] - table[i]) * (at - static_cast<double>(i));
}

class WireReadout {
 public:
  WireReadout(const Deposits& deposits, const LartpcOptions& options, Random& random)
      : deposits_(deposits), options_(options), random_(random) {
    const double uv = options.pitch_mm ? *options.pitch_mm / 10 : kPitchUv;
    const double z = options.pitch_mm ? *options.pitch_mm / 10 : kPitchZ;
    planes_ = {{{"u", std::sin(kAngle), std::cos(kAngle), uv, false},
                {"v", -std::sin(kAngle), std::cos(kAngle), uv, true},
                {"z", 0, 1, z, false}}};
  }

  Maps run(const Vec3& vertex) {
    collect();
    Maps out;
    for (std::size_t p = 0; p < planes_.size(); ++p) {
      std::vector<Hit> hits = find_hits(p);
      if (planes_[p].cos == 1) measure(hits, out.measured);
      draw(planes_[p], hits, vertex, out);
    }
    return out;
  }

 private:
  double wire_of(const Plane& plane, const Vec3& p) const {
    return (p.z * plane.cos + p.y * plane.sin) / plane.pitch;
  }

  void collect() {
    const Volume volume = volume_of(LartpcReadout::kWires);
    for (const Segment& s : deposits_.segments) {
      const Vec3 way = s.to - s.from;
      const int parts = std::max(1, static_cast<int>(std::ceil(way.norm() / 0.15)));
      const double electrons = electrons_of(s, options_) / parts;
      for (int i = 0; i < parts; ++i) {
        const Vec3 p = s.from + way * ((i + 0.5) / parts);
        // Between two anode planes nothing is collected.
        if (!volume.contains(p) || std::fmod(p.z, kFrame) > kActive) continue;
        const double drift = std::abs(p.x);
        const double left = electrons * surviving(drift, options_);
        before_ += electrons;
        after_ += left;
        const double time = drift / kDriftSpeed;
        const double spread = std::sqrt(2 * kTransverse * time);
        const auto fine = static_cast<std::int32_t>(std::floor(p.x / kFineCm));
        for (std::size_t k = 0; k < planes_.size(); ++k) share(k, p, spread, fine, left, drift);
      }
    }
  }

  /// Transverse diffusion shares the charge between neighbouring wires.
  void share(std::size_t k, const Vec3& p, double spread, std::int32_t fine, double electrons,
             double drift) {
    const Plane& plane = planes_[k];
    const double at = wire_of(plane, p);
    const double width = std::max(spread / plane.pitch, 1e-3);
    const auto from = static_cast<std::int32_t>(std::floor(at - 2.5 * width));
    const auto to = static_cast<std::int32_t>(std::floor(at + 2.5 * width));
    double below = from == to ? 0.0 : fast_cdf((from - at) / width);
    for (std::int32_t wire = from; wire <= to; ++wire) {
      const double above = wire == to ? 1.0 : fast_cdf((wire + 1 - at) / width);
      if (above - below > 1e-3) {
        samples_[k].push_back({wire, fine, static_cast<float>(electrons * (above - below)),
                               static_cast<float>(drift)});
      }
      below = above;
    }
  }

  std::vector<Hit> find_hits(std::size_t k) {
    // By wire, in the order of time within a wire's waveform: counting sort, then dense samples.
    std::vector<Hit> hits;
    const std::vector<Sample>& samples = samples_[k];
    if (samples.empty()) return hits;
    std::int32_t least = samples[0].wire, most = samples[0].wire;
    for (const Sample& s : samples) {
      least = std::min(least, s.wire);
      most = std::max(most, s.wire);
    }
    std::vector<std::uint32_t> start(static_cast<std::size_t>(most - least) + 2, 0);
    for (const Sample& s : samples) ++start[static_cast<std::size_t>(s.wire - least) + 1];
    for (std::size_t w = 1; w < start.size(); ++w) start[w] += start[w - 1];
    std::vector<Sample> sorted(samples.size());
    std::vector<std::uint32_t> next(start.begin(), start.end() - 1);
    for (const Sample& s : samples) sorted[next[static_cast<std::size_t>(s.wire - least)]++] = s;
    for (std::size_t w = 0; w + 1 < start.size(); ++w) {
      if (start[w] == start[w + 1]) continue;
      const auto channel = static_cast<std::uint64_t>(sorted[start[w]].wire + 100000) << 2 | k;
      if (is_dead(channel, options_)) continue;
      wire_hits({sorted.data() + start[w], start[w + 1] - start[w]}, hits);
    }
    return hits;
  }

  /// The waveform of a wire, cut where nothing is for longer than pulses reach.
  void wire_hits(std::span<const Sample> samples, std::vector<Hit>& hits) {
    std::int32_t first = samples[0].time, last = first;
    for (const Sample& s : samples) {
      first = std::min(first, s.time);
      last = std::max(last, s.time);
    }
    charge_.assign(static_cast<std::size_t>(last - first) + 1, 0.0f);
    double sum = 0, drift = 0;
    for (const Sample& s : samples) {
      charge_[static_cast<std::size_t>(s.time - first)] += s.electrons;
      sum += s.electrons;
      drift += static_cast<double>(s.electrons) * s.drift;
    }
    const double diffusion = 2 * kLongitudinal * (drift / sum) / kDriftSpeed;
    const double sigma = std::sqrt(kShaping * kShaping + diffusion) / kFineCm;
    for (std::size_t i = 0; i < charge_.size();) {
      if (charge_[i] == 0) {
        ++i;
        continue;
      }
      std::size_t end = i + 1, empty = 0;
      double inside = charge_[i];
      for (std::size_t j = end; j < charge_.size() && empty <= 2 * kReach; ++j) {
        empty = charge_[j] == 0 ? empty + 1 : 0;
        inside += charge_[j];
        if (charge_[j] != 0) end = j + 1;
      }
      if (inside > 0.5 * kThreshold * options_.threshold) {
        piece(samples[0].wire, first + static_cast<std::int32_t>(i), {charge_.data() + i, end - i},
              sigma, hits);
      }
      i = end;
    }
  }

  /// Pulses of connected charge: one hit a maximum, long ones in pieces.
  void piece(int wire, std::int32_t begin, std::span<const float> charge, double sigma,
             std::vector<Hit>& hits) {
    const auto& kernel = kernel_of(sigma);
    const std::size_t length = charge.size() + 2 * kReach;
    wave_.assign(length, 0.0f);
    for (std::size_t i = 0; i < charge.size(); ++i) {
      if (charge[i] == 0) continue;
      for (std::size_t d = 0; d < kernel.size(); ++d) wave_[i + d] += charge[i] * kernel[d];
    }
    std::size_t from = 0;
    for (std::size_t i = 1; i < length; ++i) {
      const bool valley = i + 1 < length && wave_[i] <= wave_[i - 1] && wave_[i] < wave_[i + 1];
      if (!valley && i + 1 < length) continue;
      emit(wire, begin - kReach, from, i + 1 < length ? i : length, hits);
      from = i;
    }
  }

  static constexpr int kReach = 8;  ///< samples on either side of a deposit
  using Kernel = std::array<float, 2 * kReach + 1>;

  /// A normal pulse of width `sigma` samples, from a table in steps of 1/20.
  static const Kernel& kernel_of(double sigma) {
    static const auto table = [] {
      std::array<Kernel, 81> t{};
      for (std::size_t n = 0; n < t.size(); ++n) {
        const double width = std::max(0.05 * static_cast<double>(n), 0.05);
        double norm = 0;
        for (int d = -kReach; d <= kReach; ++d) norm += std::exp(-0.5 * d * d / (width * width));
        for (int d = -kReach; d <= kReach; ++d) {
          t[n][static_cast<std::size_t>(d + kReach)] =
              static_cast<float>(std::exp(-0.5 * d * d / (width * width)) / norm);
        }
      }
      return t;
    }();
    return table[static_cast<std::size_t>(std::clamp(std::lround(sigma * 20), 1L, 80L))];
  }

  void emit(int wire, std::int32_t start, std::size_t from, std::size_t to,
            std::vector<Hit>& hits) {
    // The part above the tails is what a hit finder sees.
    float most = 0;
    for (std::size_t i = from; i < to; ++i) most = std::max(most, wave_[i]);
    while (from < to && wave_[from] < 0.02f * most) ++from;
    while (to > from && wave_[to - 1] < 0.02f * most) --to;
    const std::size_t span = to - from;
    // A pulse of one deposit is some 12 samples wide; what is longer is cut.
    const std::size_t pieces = span <= 16 ? 1 : (span - 6) / kLongPulse;
    for (std::size_t n = 0; n < pieces; ++n) {
      const std::size_t a = from + span * n / pieces, b = from + span * (n + 1) / pieces;
      double sum = 0, moment = 0;
      for (std::size_t i = a; i < b; ++i) {
        sum += wave_[i];
        moment += static_cast<double>(wave_[i]) * static_cast<double>(i);
      }
      const double time = start + moment / std::max(sum, 1e-9);
      sum += random_.normal() * options_.noise * std::hypot(kNoise, kHitResolution * sum);
      if (sum < kThreshold * options_.threshold) continue;
      hits.push_back({wire, time, sum});
    }
  }

  void measure(const std::vector<Hit>& hits, LartpcMeasured& measured) const {
    std::vector<std::pair<double, double>> along;
    double total = 0;
    for (const Hit& hit : hits) {
      along.emplace_back(hit.wire, hit.electrons);
      total += hit.electrons;
    }
    const auto [first, last] = weighted_range(std::move(along), 0.01);
    measured.hits = static_cast<int>(hits.size());
    measured.extent_cm = (last - first) * planes_[2].pitch;
    measured.energy_mev = calorimetric_mev(after_ > 0 ? total * before_ / after_ : 0, options_);
  }

  /// The first of the map's wires that 16 of the next 20 follow, as in CVNImageUtils; the last 500
  /// where there is none before. Maps that are numbered from the near end begin with the event.
  static int first_wire(const std::vector<char>& lit, int side, bool reversed) {
    const int wires = static_cast<int>(lit.size());
    for (int w = 0; w < wires; ++w) {
      if (wires - w == side) return reversed ? w : 0;
      int empty = 0;
      for (int n = w + 1; n <= w + 20; ++n) empty += lit[static_cast<std::size_t>(n)] ? 0 : 1;
      if (empty < 5) return w;
    }
    return 0;
  }

  void draw(const Plane& plane, const std::vector<Hit>& hits, const Vec3& vertex, Maps& out) {
    const int side = options_.size.value_or(kSide);
    const int wires = std::max(kMapWires, 2 * side);
    Image image{side, side, 1, {}};
    image.pixels.assign(static_cast<std::size_t>(side) * side, 0);
    if (hits.empty()) {
      out.views.push_back({plane.name, std::move(image)});
      out.vertex_px.emplace_back(-1, -1);
      return;
    }
    double time = 0;
    int least = hits[0].wire, most = hits[0].wire;
    for (const Hit& hit : hits) {
      time += hit.time / static_cast<double>(hits.size());
      least = std::min(least, hit.wire);
      most = std::max(most, hit.wire);
    }
    // The map begins a wire before the first; V is numbered from the far end and turned round.
    const auto place = [&](double wire) {
      return plane.reversed ? wires - 1 - (most + 1 - wire) : wire - least + 1;
    };
    std::vector<char> lit(static_cast<std::size_t>(wires + 24), 0);
    for (const Hit& hit : hits) {
      const auto w = static_cast<int>(place(hit.wire));
      if (w >= 0 && w < wires) lit[static_cast<std::size_t>(w)] = 1;
    }
    const int first = first_wire(lit, side, plane.reversed);
    std::vector<double> map(image.pixels.size(), 0.0);
    const auto row_of = [&](double fine) { return (fine - time) / kFine + side / 2.0; };
    for (const Hit& hit : hits) {
      const auto column = static_cast<int>(place(hit.wire)) - first;
      const auto row = static_cast<int>(std::floor(row_of(hit.time)));
      if (column < 0 || column >= side - 1 || row < 0 || row >= side) continue;
      map[static_cast<std::size_t>(row) * side + column] += hit.electrons;
    }
    const double level = kElectronsPerLevel * (options_.pitch_mm ? *options_.pitch_mm / 4.79 : 1);
    for (std::size_t i = 0; i < map.size(); ++i) {
      image.pixels[i] = static_cast<std::uint8_t>(std::min(255.0, std::ceil(map[i] / level)));
      out.lit += image.pixels[i] > 0 ? 1 : 0;
    }
    out.views.push_back({plane.name, std::move(image)});
    out.vertex_px.emplace_back(place(wire_of(plane, vertex)) - first, row_of(vertex.x / kFineCm));
  }

  const Deposits& deposits_;
  const LartpcOptions& options_;
  Random& random_;
  std::array<Plane, 3> planes_;
  std::array<std::vector<Sample>, 3> samples_;
  std::vector<float> charge_, wave_;
  double before_ = 0, after_ = 0;
};

}  // namespace

Maps read_wires(const Deposits& deposits, const Vec3& vertex, const LartpcOptions& options,
                Random& random) {
  return WireReadout(deposits, options, random).run(vertex);
}

}  // namespace firstlight::sim::lartpc
