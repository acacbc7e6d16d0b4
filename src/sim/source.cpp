#include "firstlight/sim/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "firstlight/sim/galaxies.h"
#include "firstlight/sim/lsbg.h"

namespace firstlight::sim {
namespace {

Metadata truth_column(std::string name, MetadataValue value) {
  return {std::move(name), std::move(value), Provenance::kTruth};
}

ColumnInfo column(std::string name, std::string unit, std::string description) {
  return {std::move(name), Provenance::kTruth, std::move(unit), std::move(description)};
}

/// The parts that the simulators share; `draw` makes a picture with its truth.
class SimulatorSource : public SampleSource {
 public:
  SimulatorSource(std::string name, std::size_t n, std::uint64_t seed)
      : name_(std::move(name)), n_(n), seed_(seed) {}

  std::size_t size() const override { return n_; }

  std::string id(std::size_t index) const override {
    return fmt::format("{}-{}-{:06}", name_, seed_, index);
  }

  Result<Sample> load(std::size_t index) const override {
    Random random(seed_, index);
    Sample sample = draw(random);
    sample.id = id(index);
    sample.origin = fmt::format("sim:{}?seed={}, sample {}", name_, seed_, index);
    return sample;
  }

  std::optional<std::string> truth(std::size_t index) const override {
    Random random(seed_, index);
    return draw_class(random);
  }

 protected:
  virtual Sample draw(Random& random) const = 0;
  /// The class alone, from the same random numbers as `draw`.
  virtual std::string draw_class(Random& random) const = 0;

 private:
  std::string name_;
  std::size_t n_;
  std::uint64_t seed_;
};

class GalaxySource : public SimulatorSource {
 public:
  GalaxySource(std::size_t n, std::uint64_t seed, GalaxyOptions options)
      : SimulatorSource("galaxies", n, seed), options_(std::move(options)) {}

  std::vector<ColumnInfo> columns() const override {
    return {column("bulge_fraction", "", "light of the spheroid over all light"),
            column("sersic_index", "", "Sersic index of the spheroid"),
            column("half_light_radius_px", "pixel", "along the major axis, before seeing"),
            column("axis_ratio", "", "apparent b/a of the main component, before seeing"),
            column("inclination_deg", "deg", "of the disk, 0 = face-on"),
            column("position_angle_deg", "deg", "of the major axis, from +x counter-clockwise"),
            column("arms", "", "number of arms, 0 = none or flocculent"),
            column("pitch_deg", "deg", "pitch angle of the arms"),
            column("arm_contrast", "", "arm light over smooth disk light"),
            column("clockwise", "", "arms wind outwards clockwise"),
            column("dust_lane", "", "the disk has a dust lane"),
            column("g_minus_r", "mag", "colour of the main component"),
            column("peak_signal_to_noise", "", "central surface brightness over sky noise"),
            column("seeing_fwhm_px", "pixel", "full width at half maximum of a star"),
            column("neighbours", "", "other objects in the frame")};
  }

 protected:
  Sample draw(Random& random) const override {
    SimulatedGalaxy galaxy = simulate_galaxy(random, options_);
    const GalaxyTruth& t = galaxy.truth;
    Sample sample;
    sample.views.push_back({"image", std::move(galaxy.image)});
    sample.truth = t.class_key;
    sample.metadata = {truth_column("bulge_fraction", t.bulge_fraction),
                       truth_column("sersic_index", t.sersic_index),
                       truth_column("half_light_radius_px", t.half_light_radius_px),
                       truth_column("axis_ratio", t.axis_ratio),
                       truth_column("inclination_deg", t.inclination_deg),
                       truth_column("position_angle_deg", t.position_angle_deg),
                       truth_column("arms", std::int64_t{t.arms}),
                       truth_column("pitch_deg", t.pitch_deg),
                       truth_column("arm_contrast", t.arm_contrast),
                       truth_column("clockwise", t.clockwise),
                       truth_column("dust_lane", t.dust_lane),
                       truth_column("g_minus_r", t.g_minus_r),
                       truth_column("peak_signal_to_noise", t.peak_signal_to_noise),
                       truth_column("seeing_fwhm_px", t.seeing_fwhm_px),
                       truth_column("neighbours", std::int64_t{t.neighbours})};
    return sample;
  }

  std::string draw_class(Random& random) const override {
    return draw_galaxy_class(random, options_);
  }

 private:
  GalaxyOptions options_;
};

class LsbgSource : public SimulatorSource {
 public:
  LsbgSource(std::size_t n, std::uint64_t seed, LsbgOptions options)
      : SimulatorSource("lsbg", n, seed), options_(std::move(options)) {}

  std::vector<ColumnInfo> columns() const override {
    return {column("kind", "", "what is in the cutout"),
            column("offset_px", "pixel", "of the main object from the middle"),
            column("half_light_radius_px", "pixel", "of the galaxy, before seeing; 0 = none"),
            column("axis_ratio", "", "apparent b/a"),
            column("position_angle_deg", "deg", "of the major axis, from +x counter-clockwise"),
            column("sersic_index", "", "Sersic index; 0 = none"),
            column("g_minus_r", "mag", "colour"),
            column("peak_signal_to_noise", "", "central surface brightness over sky noise"),
            column("neighbours", "", "other objects in the frame")};
  }

 protected:
  Sample draw(Random& random) const override {
    SimulatedLsbg cutout = simulate_lsbg(random, options_);
    const LsbgTruth& t = cutout.truth;
    Sample sample;
    sample.views.push_back({"image", std::move(cutout.image)});
    sample.truth = t.class_key;
    sample.metadata = {truth_column("kind", t.kind),
                       truth_column("offset_px", t.offset_px),
                       truth_column("half_light_radius_px", t.half_light_radius_px),
                       truth_column("axis_ratio", t.axis_ratio),
                       truth_column("position_angle_deg", t.position_angle_deg),
                       truth_column("sersic_index", t.sersic_index),
                       truth_column("g_minus_r", t.g_minus_r),
                       truth_column("peak_signal_to_noise", t.peak_signal_to_noise),
                       truth_column("neighbours", std::int64_t{t.neighbours})};
    return sample;
  }

  std::string draw_class(Random& random) const override {
    return draw_lsbg_class(random, options_);
  }

 private:
  LsbgOptions options_;
};

}  // namespace

const std::vector<std::string>& simulator_names() {
  static const std::vector<std::string> names = {"galaxies", "lsbg"};
  return names;
}

std::unique_ptr<SampleSource> make_simulator_source(const std::string& name, std::size_t n,
                                                    std::uint64_t seed,
                                                    const SimulatorOptions& options) {
  if (name == "galaxies") {
    GalaxyOptions galaxy;
    galaxy.class_key = options.class_key;
    if (options.size) galaxy.size = *options.size;
    check(galaxy);
    return std::make_unique<GalaxySource>(n, seed, galaxy);
  }
  if (name == "lsbg") {
    LsbgOptions lsbg;
    lsbg.class_key = options.class_key;
    if (options.size) lsbg.size = *options.size;
    check(lsbg);
    return std::make_unique<LsbgSource>(n, seed, lsbg);
  }
  throw Error::unknown_key("sim", name, simulator_names());
}

}  // namespace firstlight::sim
