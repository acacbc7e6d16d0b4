#include "firstlight/train/pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "firstlight/base/error.h"
#include "firstlight/image/resize.h"
#include "firstlight/registry/source.h"
#include "firstlight/run/runner.h"

namespace firstlight::train {
namespace {

constexpr const char* kEvents = "sim:lartpc?n=3&seed=7";

StreamSpec events() {
  StreamSpec spec;
  spec.name = "events";
  spec.data = kEvents;
  spec.domain = "neutrinos";
  spec.task = "neutrino-flavour";
  ConceptRule any;
  any.concepts = {"event"};
  ConceptRule long_track;
  long_track.where = {{"longest_track_cm", {0, 1e6}}};
  long_track.concepts = {"track"};
  spec.rules = {any, long_track};
  return spec;
}

std::vector<float> drawn(const ImagePool& pool, std::size_t index, std::size_t view, int size) {
  std::vector<float> values(static_cast<std::size_t>(3 * size * size));
  draw_map(pool.maps(index).views[view], pool.inverted(),
           {size, {0.12, 0.12, 0.12}, {0.16, 0.16, 0.16}}, values.data());
  return values;
}

TEST(ImagePool, MapsAreDrawnAsTheFinishedModelSeesThem) {
  const ImagePool pool = ImagePool::load(events(), 96, "", {});
  ASSERT_EQ(pool.size(), 3u);
  ASSERT_EQ(pool.pictures(0), 2u);
  const Task task = load_task("neutrino-flavour");
  const auto source = open_source(kEvents);
  for (const int size : {96, 100, 64}) {
    for (std::size_t i = 0; i < pool.size(); ++i) {
      const auto sample = prepare_sample(*source, task, i);
      ASSERT_TRUE(sample);
      for (std::size_t v = 0; v < 2; ++v) {
        // What the classifier does with a view that says `shrink: max` (src/model/classifier.cpp).
        Image picture = sample.value().views[v].image;
        const auto invert = [&] {
          for (std::uint8_t& level : picture.pixels) level = 255 - level;
        };
        invert();
        picture = resize(picture, size, size, ResizeFilter::kMax);
        invert();
        std::vector<float> expected(static_cast<std::size_t>(3 * size * size));
        prepare(picture.pixels.data(), size, {size, {0.12, 0.12, 0.12}, {0.16, 0.16, 0.16}},
                expected.data());
        const std::vector<float> values = drawn(pool, i, v, size);
        ASSERT_NE(*std::min_element(values.begin(), values.end()),
                  *std::max_element(values.begin(), values.end()));
        for (std::size_t k = 0; k < values.size(); ++k) {
          ASSERT_NEAR(values[k], expected[k], 1e-5) << size << " " << i << " " << v << " " << k;
        }
      }
    }
  }
}

TEST(ImagePool, IsTheSameFromTheCache) {
  const std::string cache = ::testing::TempDir() + "pool-cache";
  std::filesystem::remove_all(cache);
  const ImagePool fresh = ImagePool::load(events(), 96, cache, {});
  const ImagePool again = ImagePool::load(events(), 96, cache, {});
  ASSERT_EQ(again.size(), fresh.size());
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    EXPECT_EQ(again.views(i), (std::vector<std::string>{"xz", "yz"}));
    EXPECT_EQ(again.truth(i), fresh.truth(i));
    EXPECT_EQ(again.field(i, "energy_mev"), fresh.field(i, "energy_mev"));
    EXPECT_TRUE(again.shows(i, "track"));
    ASSERT_EQ(again.columns(i).size(), fresh.columns(i).size());
    for (std::size_t c = 0; c < fresh.columns(i).size(); ++c) {
      EXPECT_EQ(to_text(again.columns(i)[c].value), to_text(fresh.columns(i)[c].value));
      EXPECT_EQ(again.columns(i)[c].provenance, fresh.columns(i)[c].provenance);
    }
    EXPECT_EQ(drawn(again, i, 1, 96), drawn(fresh, i, 1, 96));
  }
}

TEST(ImagePool, TruthIsNoField) {
  const ImagePool pool = ImagePool::load(events(), 96, "", {});
  EXPECT_THROW(pool.field(0, "n_pizero"), Error);
  EXPECT_THROW(pool.field(0, "no_such_column"), Error);
}

}  // namespace
}  // namespace firstlight::train
