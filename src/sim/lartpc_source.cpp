#include "firstlight/sim/lartpc_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "firstlight/base/text.h"

namespace firstlight::sim {
namespace {

double number(const std::string& name, const std::string& value) {
  const auto parsed = text::parse_double(value);
  if (!parsed) throw Error::usage("lartpc", name + "=" + value + " is not a number");
  return *parsed;
}

std::int64_t whole(const std::string& name, const std::string& value) {
  const auto parsed = text::parse_int(value);
  if (!parsed || *parsed < 0) {
    throw Error::usage("lartpc", name + "=" + value + " is not a whole number from 0 on");
  }
  return *parsed;
}

LartpcSetting decimal(const char* name, const char* description, double LartpcOptions::*field) {
  return {name, description, [name, field](LartpcOptions& o, const std::string& value) {
            o.*field = number(name, value);
          }};
}

std::vector<ColumnInfo> columns_of_events() {
  const auto truth = [](std::string name, std::string unit, std::string description) {
    return ColumnInfo{std::move(name), Provenance::kTruth, std::move(unit), std::move(description)};
  };
  const auto measured = [](std::string name, std::string unit, std::string description) {
    return ColumnInfo{std::move(name), Provenance::kMeasured, std::move(unit),
                      std::move(description)};
  };
  return {
      measured("energy_mev", "MeV", "calorimetric energy: all charge, as of a muon"),
      measured("hits", "", "pixels in space, or hits of the plane Z"),
      measured("extent_cm", "cm", "along the beam, 1st to 99th percentile of the charge"),
      truth("simulator", "", "version of the simulator"),
      truth("interaction", "", "QE, MEC, RES, DIS or COH"),
      truth("e_nu_gev", "GeV", "energy of the neutrino"),
      truth("e_lep_gev", "GeV", "energy of the outgoing lepton"),
      truth("q2_gev2", "GeV^2", "momentum transfer squared"),
      truth("w_gev", "GeV", "mass of the hadrons before they leave the nucleus"),
      truth("n_proton", "", "protons above 30 MeV that left the nucleus"),
      truth("n_pion", "", "charged pions that left the nucleus"),
      truth("n_pizero", "", "neutral pions that left the nucleus"),
      truth("n_neutron", "", "neutrons above 30 MeV that left the nucleus"),
      truth("longest_track_cm", "cm", "inside the detector, electrons excepted"),
      truth("longest_track", "", "its particle"),
      truth("showers", "", "electrons and photons of the event that left 20 MeV or more"),
      truth("shower_energy_mev", "MeV", "of the greatest shower, inside the detector"),
      truth("shower_gap_cm", "cm", "from its photon's birth to conversion; 0 for an electron"),
      truth("deposited_mev", "MeV", "left in the detector"),
      truth("escaped_mev", "MeV", "kinetic energy that left the detector"),
      truth("x_cm", "cm", "vertex"),
      truth("y_cm", "cm", "vertex"),
      truth("z_cm", "cm", "vertex"),
      truth("vertex_px", "pixel", "vertex in each view, right and down from the top left corner"),
  };
}

class LartpcSource : public SampleSource {
 public:
  LartpcSource(std::size_t n, std::uint64_t seed, LartpcOptions options)
      : n_(n), seed_(seed), options_(std::move(options)) {}

  std::size_t size() const override { return n_; }
  std::string id(std::size_t index) const override {
    return fmt::format("lartpc-{}-{:06}", seed_, index);
  }

  Result<Sample> load(std::size_t index) const override {
    Random random(seed_, index);
    LartpcEvent event = simulate_lartpc(random, options_);
    const LartpcTruth& t = event.truth;
    const LartpcMeasured& m = event.measured;
    Sample sample;
    sample.id = id(index);
    sample.origin = fmt::format("sim:lartpc?seed={}, sample {}", seed_, index);
    sample.truth = t.class_key;
    std::vector<std::string> vertices;
    for (std::size_t v = 0; v < event.views.size(); ++v) {
      vertices.push_back(fmt::format("{}:{:.1f},{:.1f}", event.views[v].name, t.vertex_px[v].first,
                                     t.vertex_px[v].second));
      sample.views.push_back({event.views[v].name, std::move(event.views[v].image)});
    }
    const auto count = [](int n) { return MetadataValue(std::int64_t{n}); };
    const std::vector<MetadataValue> values = {rounded(m.energy_mev, 1),
                                               count(m.hits),
                                               rounded(m.extent_cm, 1),
                                               std::string(kLartpcVersion),
                                               t.interaction,
                                               rounded(t.e_nu_gev, 4),
                                               rounded(t.e_lep_gev, 4),
                                               rounded(t.q2_gev2, 4),
                                               rounded(t.w_gev, 4),
                                               count(t.n_proton),
                                               count(t.n_pion),
                                               count(t.n_pizero),
                                               count(t.n_neutron),
                                               rounded(t.longest_track_cm, 1),
                                               t.longest_track,
                                               count(t.showers),
                                               rounded(t.shower_energy_mev, 1),
                                               rounded(t.shower_gap_cm, 1),
                                               rounded(t.deposited_mev, 1),
                                               rounded(t.escaped_mev, 1),
                                               rounded(t.x_cm, 1),
                                               rounded(t.y_cm, 1),
                                               rounded(t.z_cm, 1),
                                               text::join(vertices, " ")};
    const std::vector<ColumnInfo> infos = columns();
    for (std::size_t i = 0; i < infos.size(); ++i) {
      sample.metadata.push_back({infos[i].name, values[i], infos[i].provenance});
    }
    return sample;
  }

  std::optional<std::string> truth(std::size_t index) const override {
    Random random(seed_, index);
    return draw_lartpc_class(random, options_);
  }

  std::vector<ColumnInfo> columns() const override { return columns_of_events(); }

 private:
  /// A prompt shall not carry more digits than a detector has.
  static double rounded(double value, int digits) {
    const double scale = std::pow(10.0, digits);
    return std::round(value * scale) / scale;
  }

  std::size_t n_;
  std::uint64_t seed_;
  LartpcOptions options_;
};

}  // namespace

const std::vector<LartpcSetting>& lartpc_settings() {
  static const std::vector<LartpcSetting> settings = {
      {"readout", "pixels (views xz and yz) or wires (views u, v and z, as DUNE's)",
       [](LartpcOptions& o, const std::string& value) {
         if (value != "pixels" && value != "wires") {
           throw Error::usage("lartpc", "readout=" + value + " is not known",
                              "use pixels or wires");
         }
         o.readout = value == "wires" ? LartpcReadout::kWires : LartpcReadout::kPixels;
       }},
      {"class", "only this class: nue_cc, numu_cc, nc or nutau_cc",
       [](LartpcOptions& o, const std::string& value) { o.class_key = value; }},
      decimal("tau_share", "fraction of nutau_cc among all events, 0 if not given",
              &LartpcOptions::tau_share),
      decimal("energy_min_gev", "lowest neutrino energy, 0.5 if not given",
              &LartpcOptions::energy_min_gev),
      decimal("energy_max_gev", "highest neutrino energy, 10 if not given",
              &LartpcOptions::energy_max_gev),
      {"pitch_mm", "of pixels (5 if not given) or of all wires (4.67 and 4.79)",
       [](LartpcOptions& o, const std::string& value) { o.pitch_mm = number("pitch_mm", value); }},
      {"size", "side of a map; 2560 mm over the pitch, 500 for wires, if not given",
       [](LartpcOptions& o, const std::string& value) {
         o.size = static_cast<int>(std::min<std::int64_t>(whole("size", value), 1 << 20));
       }},
      decimal("field_kv_cm", "drift field, 0.5 if not given", &LartpcOptions::field_kv_cm),
      decimal("lifetime_ms", "of drifting electrons, 10 if not given; 0 for no losses",
              &LartpcOptions::lifetime_ms),
      {"recombination", "box, birks or none",
       [](LartpcOptions& o, const std::string& value) { o.recombination = value; }},
      decimal("noise", "times that of the detector, 1 if not given", &LartpcOptions::noise),
      decimal("threshold", "times that of the detector, 1 if not given", &LartpcOptions::threshold),
      decimal("dead_channels", "fraction without signal, 0 if not given",
              &LartpcOptions::dead_channels),
      {"detector_seed", "which channels are dead, 1 if not given",
       [](LartpcOptions& o, const std::string& value) {
         o.detector_seed = static_cast<std::uint64_t>(whole("detector_seed", value));
       }},
  };
  return settings;
}

LartpcOptions lartpc_options(const std::map<std::string, std::string>& values) {
  LartpcOptions options;
  for (const LartpcSetting& setting : lartpc_settings()) {
    const auto value = values.find(setting.name);
    if (value != values.end()) setting.set(options, value->second);
  }
  check(options);
  return options;
}

std::unique_ptr<SampleSource> make_lartpc_source(std::size_t n, std::uint64_t seed,
                                                 const LartpcOptions& options) {
  check(options);
  return std::make_unique<LartpcSource>(n, seed, options);
}

}  // namespace firstlight::sim
