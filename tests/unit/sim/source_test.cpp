#include "firstlight/sim/source.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "firstlight/base/error.h"

namespace firstlight::sim {
namespace {

TEST(SimulatorSource, SampleDependsOnSeedAndPlaceAlone) {
  SimulatorOptions options;
  options.size = 32;
  for (const std::string& name : simulator_names()) {
    const auto few = make_simulator_source(name, 5, 7, options);
    const auto many = make_simulator_source(name, 1000, 7, options);
    const auto other = make_simulator_source(name, 5, 8, options);
    EXPECT_EQ(few->size(), 5u);
    // Backwards, to show that order does not matter either.
    for (std::size_t k = 5; k-- > 0;) {
      const Sample a = few->load(k).value();
      const Sample b = many->load(k).value();
      const Sample c = other->load(k).value();
      const auto& pixels = std::get<Image>(a.views.at(0).pixels).pixels;
      EXPECT_EQ(pixels, std::get<Image>(b.views.at(0).pixels).pixels);
      EXPECT_NE(pixels, std::get<Image>(c.views.at(0).pixels).pixels);
      EXPECT_EQ(a.id, many->id(k));
      EXPECT_NE(a.id, c.id);
      EXPECT_EQ(a.truth, few->truth(k));
    }
  }
}

TEST(SimulatorSource, IdsAreUniqueAndEveryColumnIsTruth) {
  for (const std::string& name : simulator_names()) {
    const auto source = make_simulator_source(name, 20, 3, {});
    std::set<std::string> ids;
    for (std::size_t k = 0; k < source->size(); ++k) ids.insert(source->id(k));
    EXPECT_EQ(ids.size(), 20u);
    EXPECT_EQ(source->id(12), name + "-3-000012");
    const Sample sample = source->load(0).value();
    const auto columns = source->columns();
    ASSERT_EQ(sample.metadata.size(), columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      EXPECT_EQ(sample.metadata[i].name, columns[i].name);
      EXPECT_EQ(sample.metadata[i].provenance, Provenance::kTruth);
      EXPECT_EQ(columns[i].provenance, Provenance::kTruth);
    }
  }
}

TEST(SimulatorSource, WrongNameOrClassIsAnError) {
  EXPECT_THROW(make_simulator_source("galaxy", 1, 1), Error);
  SimulatorOptions options;
  options.class_key = "spiral";
  EXPECT_THROW(make_simulator_source("galaxies", 1, 1, options), Error);
  options.class_key = "smooth_round";
  EXPECT_THROW(make_simulator_source("lsbg", 1, 1, options), Error);
}

}  // namespace
}  // namespace firstlight::sim
