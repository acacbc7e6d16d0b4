// Tiles of pictures of many sizes against transformers 5.23 (layouts.json of make_fixtures.py), and
// what a prompt's positions see of its pictures.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "any_resolution.h"
#include "cross_attention.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "tiled_canvas.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

json layouts() {
  return json::parse(
      text::read_file(std::string(FIRSTLIGHT_TEST_DIR) + "/parity/tile_layouts/layouts.json"));
}

TEST(AnyResolution, TilesAndPositionsEqualTransformers) {
  const json all = layouts();
  for (const json& row : all["llava_next"]) {
    std::vector<GridPoint> grid;
    for (const json& point : all["grids"][row[0].get<std::string>()]) {
      grid.push_back({point[0], point[1]});
    }
    const int width = row[1], height = row[2];
    const GridPoint best = best_resolution(width, height, grid);
    EXPECT_EQ(best, (GridPoint{row[3], row[4]})) << row;
    const FeatureWindow window = unpadded_window(width, height, best.height / 14, best.width / 14);
    EXPECT_EQ(24 * 24 + window.rows() * (window.columns() + 1), row[5].get<int>()) << row;
  }
}

TEST(TiledCanvas, LayoutsAndSizesEqualTransformers) {
  for (const json& row : layouts()["mllama"]) {
    const int tile = row[0], tiles = row[1], width = row[2], height = row[3];
    const auto processor = TiledCanvasProcessor::parse(
        json{{"size", {{"height", tile}, {"width", tile}}}, {"max_image_tiles", tiles}}.dump(),
        "preprocessor_config.json");
    const TileLayout layout = processor.layout(width, height, tiles);
    EXPECT_EQ(layout, (TileLayout{row[4], row[5]})) << row;
    const FittedSize size = fit_to_canvas(width, height, layout, tile);
    EXPECT_EQ(size.height, row[6].get<int>()) << row;
    EXPECT_EQ(size.width, row[7].get<int>()) << row;
  }
}

TEST(TiledCanvas, IdsCountTheLayouts) {
  const std::vector<TileLayout> four = tile_layouts(4);
  const std::vector<TileLayout> expected = {{1, 1}, {1, 2}, {1, 3}, {1, 4},
                                            {2, 1}, {2, 2}, {3, 1}, {4, 1}};
  EXPECT_EQ(four, expected);
}

/// What every position sees, as text: "-" before all pictures, else the range of rows.
std::string seen(const std::vector<std::int32_t>& ids, const std::vector<std::size_t>& filled,
                 const std::vector<std::size_t>& all) {
  const CrossPlan plan = plan_cross_attention(ids, 9, filled, all);
  std::string text;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    text += plan.before[i] ? "-" : std::to_string(plan.visible[i].begin);
    text += ":" + std::to_string(plan.visible[i].end) + " ";
  }
  return text;
}

TEST(CrossPlan, TextSeesThePicturesThatStandTogetherBeforeIt) {
  EXPECT_EQ(seen({1, 9, 2, 3}, {10}, {40}), "-:40 0:10 0:10 0:10 ");
  // Two side by side are seen together from the second on.
  EXPECT_EQ(seen({9, 9, 2}, {10, 20}, {40, 40}), "0:10 0:30 0:30 ");
  // Apart, text sees the last one only.
  EXPECT_EQ(seen({9, 2, 9, 3}, {10, 20}, {40, 40}), "0:10 0:10 10:30 10:30 ");
  EXPECT_EQ(seen({1, 9, 2, 9, 9, 3}, {10, 20, 5}, {40, 40, 40}),
            "-:120 0:10 0:10 10:30 10:35 10:35 ");
  EXPECT_THROW(plan_cross_attention(std::vector<std::int32_t>{1, 9}, 9, {}, {}), Error);
}

}  // namespace
}  // namespace firstlight::nn
