#include "firstlight/sim/source.h"

#include <fmt/format.h>

#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>

#include "firstlight/sim/galaxies.h"
#include "firstlight/sim/lsbg.h"

namespace firstlight::sim {
namespace {

/// A column of truth: what it is called, and the member that holds it.
template <typename Truth>
struct Column {
  const char* name;
  const char* unit;
  const char* description;
  std::variant<double Truth::*, int Truth::*, bool Truth::*, std::string Truth::*> member;

  MetadataValue of(const Truth& truth) const {
    return std::visit(
        [&](auto pointer) -> MetadataValue {
          using Value = std::decay_t<decltype(truth.*pointer)>;
          if constexpr (std::is_same_v<Value, int>) {
            return std::int64_t{truth.*pointer};
          } else {
            return truth.*pointer;
          }
        },
        member);
  }
};

/// A kind of pictures: how one is drawn, and the truth that comes with it.
struct Galaxies {
  using Options = GalaxyOptions;
  using Truth = GalaxyTruth;
  static constexpr const char* kName = "galaxies";
  static constexpr auto kDraw = simulate_galaxy;
  static constexpr auto kDrawClass = draw_galaxy_class;
  static const std::vector<Column<Truth>>& columns() {
    static const std::vector<Column<Truth>> list = {
        {"bulge_fraction", "", "light of the spheroid over all light", &Truth::bulge_fraction},
        {"sersic_index", "", "Sersic index of the spheroid", &Truth::sersic_index},
        {"half_light_radius_px", "pixel", "along the major axis, before seeing",
         &Truth::half_light_radius_px},
        {"axis_ratio", "", "apparent b/a of the main component, before seeing", &Truth::axis_ratio},
        {"inclination_deg", "deg", "of the disk, 0 = face-on", &Truth::inclination_deg},
        {"position_angle_deg", "deg", "of the major axis, from +x counter-clockwise",
         &Truth::position_angle_deg},
        {"arms", "", "number of arms, 0 = none or flocculent", &Truth::arms},
        {"pitch_deg", "deg", "pitch angle of the arms", &Truth::pitch_deg},
        {"arm_contrast", "", "arm light over smooth disk light", &Truth::arm_contrast},
        {"clockwise", "", "arms wind outwards clockwise", &Truth::clockwise},
        {"dust_lane", "", "the disk has a dust lane", &Truth::dust_lane},
        {"g_minus_r", "mag", "colour of the main component", &Truth::g_minus_r},
        {"peak_signal_to_noise", "", "central surface brightness over sky noise",
         &Truth::peak_signal_to_noise},
        {"seeing_fwhm_px", "pixel", "full width at half maximum of a star", &Truth::seeing_fwhm_px},
        {"neighbours", "", "other objects in the frame", &Truth::neighbours}};
    return list;
  }
};

struct Lsbgs {
  using Options = LsbgOptions;
  using Truth = LsbgTruth;
  static constexpr const char* kName = "lsbg";
  static constexpr auto kDraw = simulate_lsbg;
  static constexpr auto kDrawClass = draw_lsbg_class;
  static const std::vector<Column<Truth>>& columns() {
    static const std::vector<Column<Truth>> list = {
        {"kind", "", "what is in the cutout", &Truth::kind},
        {"offset_px", "pixel", "of the main object from the middle", &Truth::offset_px},
        {"half_light_radius_px", "pixel", "of the galaxy, before seeing; 0 = none",
         &Truth::half_light_radius_px},
        {"axis_ratio", "", "apparent b/a", &Truth::axis_ratio},
        {"position_angle_deg", "deg", "of the major axis, from +x counter-clockwise",
         &Truth::position_angle_deg},
        {"sersic_index", "", "Sersic index; 0 = none", &Truth::sersic_index},
        {"g_minus_r", "mag", "colour", &Truth::g_minus_r},
        {"peak_signal_to_noise", "", "central surface brightness over sky noise",
         &Truth::peak_signal_to_noise},
        {"neighbours", "", "other objects in the frame", &Truth::neighbours}};
    return list;
  }
};

template <typename Kind>
class SimulatorSource : public SampleSource {
 public:
  SimulatorSource(std::size_t n, std::uint64_t seed, const SimulatorOptions& options)
      : n_(n), seed_(seed) {
    options_.class_key = options.class_key;
    if (options.size) options_.size = *options.size;
    check(options_);
  }

  std::size_t size() const override { return n_; }

  std::string id(std::size_t index) const override {
    return fmt::format("{}-{}-{:06}", Kind::kName, seed_, index);
  }

  Result<Sample> load(std::size_t index) const override {
    Random random(seed_, index);
    auto drawn = Kind::kDraw(random, options_);
    Sample sample;
    sample.id = id(index);
    sample.origin = fmt::format("sim:{}?seed={}, sample {}", Kind::kName, seed_, index);
    sample.views.push_back({"image", std::move(drawn.image)});
    sample.truth = drawn.truth.class_key;
    for (const auto& column : Kind::columns()) {
      sample.metadata.push_back({column.name, column.of(drawn.truth), Provenance::kTruth});
    }
    return sample;
  }

  std::optional<std::string> truth(std::size_t index) const override {
    Random random(seed_, index);
    return Kind::kDrawClass(random, options_);
  }

  std::vector<ColumnInfo> columns() const override {
    std::vector<ColumnInfo> infos;
    for (const auto& column : Kind::columns()) {
      infos.push_back({column.name, Provenance::kTruth, column.unit, column.description});
    }
    return infos;
  }

 private:
  std::size_t n_;
  std::uint64_t seed_;
  typename Kind::Options options_;
};

}  // namespace

const std::vector<std::string>& simulator_names() {
  static const std::vector<std::string> names = {Galaxies::kName, Lsbgs::kName};
  return names;
}

std::unique_ptr<SampleSource> make_simulator_source(const std::string& name, std::size_t n,
                                                    std::uint64_t seed,
                                                    const SimulatorOptions& options) {
  if (name == Galaxies::kName) {
    return std::make_unique<SimulatorSource<Galaxies>>(n, seed, options);
  }
  if (name == Lsbgs::kName) return std::make_unique<SimulatorSource<Lsbgs>>(n, seed, options);
  std::vector<std::string> known = simulator_names();
  known.push_back("lartpc");
  throw Error::unknown_key("sim", name, known);
}

}  // namespace firstlight::sim
