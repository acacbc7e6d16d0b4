#include "tiled_canvas.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "processor_settings.h"
#include "torch_resize.h"

namespace firstlight::nn {

using nlohmann::json;

std::vector<TileLayout> tile_layouts(int max_tiles) {
  std::vector<TileLayout> layouts;
  for (int high = 1; high <= max_tiles; ++high) {
    for (int wide = 1; wide * high <= max_tiles; ++wide) layouts.push_back({high, wide});
  }
  return layouts;
}

TiledCanvasProcessor TiledCanvasProcessor::from_folder(const std::string& folder) {
  const ProcessorSettings settings = ProcessorSettings::from_folder(folder);
  return parse(settings.object.dump(), settings.origin);
}

TiledCanvasProcessor TiledCanvasProcessor::parse(std::string_view text, const std::string& origin) {
  const json object = parse_object(text, origin);
  const JsonReader r(object, origin);
  const std::string type = image_processor_type(r);
  if (!type.empty() && type != "MllamaImageProcessor") {
    throw r.error("image_processor_type",
                  "is '" + type + "'; mllama goes with MllamaImageProcessor");
  }
  TiledCanvasProcessor p;
  for (const char* key : {"do_resize", "do_pad"}) {
    if (!r.boolean(key, true)) throw r.error(key, "must be true");
  }
  if (const json* size = r.find("size")) {
    if (!size->is_object()) throw r.error("size", "needs height and width");
    const JsonReader s(*size, origin, "size.");
    if (!s.has("height") || !s.has("width")) throw r.error("size", "needs height and width");
    p.tile_ = static_cast<int>(s.integer("height", 0, 1, kMaxTileSide));
    if (s.integer("width", 0, 1, kMaxTileSide) != p.tile_) {
      throw r.error("size", "must have the same height and width");
    }
  }
  p.max_tiles_ = static_cast<int>(r.integer("max_image_tiles", 4, 1, 64));
  p.filter_ = read_filter(r, 2);
  p.scaling_ = read_scaling(r, p.scaling_);
  return p;
}

TileLayout TiledCanvasProcessor::layout(int width, int height, int max_tiles) const {
  // Of the scales that enlarge, the smallest; where none does, the largest. Several layouts of the
  // same scale: the smallest area, the first of equal ones.
  const std::vector<TileLayout> layouts = tile_layouts(max_tiles);
  std::vector<double> scales;
  double up = std::numeric_limits<double>::infinity();
  double down = 0.0;
  for (const TileLayout& l : layouts) {
    const double high = static_cast<double>(l.high * tile_) / height;
    const double wide = static_cast<double>(l.wide * tile_) / width;
    scales.push_back(wide > high ? high : wide);
    if (scales.back() >= 1.0) {
      up = std::min(up, scales.back());
    } else {
      down = std::max(down, scales.back());
    }
  }
  const double chosen = std::isfinite(up) ? up : down;
  TileLayout best;
  int area = 0;
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    if (scales[i] != chosen || (area != 0 && layouts[i].tiles() >= area)) continue;
    best = layouts[i];
    area = best.tiles();
  }
  return best;
}

FittedSize fit_to_canvas(int width, int height, const TileLayout& layout, int tile) {
  const int target_width = std::clamp(width, tile, layout.wide * tile);
  const int target_height = std::clamp(height, tile, layout.high * tile);
  const double scale_h = static_cast<double>(target_height) / height;
  const double scale_w = static_cast<double>(target_width) / width;
  const auto scaled = [](int length, double scale, int limit) {
    return std::min(std::max(static_cast<int>(std::floor(length * scale)), 1), limit);
  };
  if (scale_w < scale_h) return {target_width, scaled(height, scale_w, target_height)};
  return {scaled(width, scale_h, target_width), target_height};
}

std::vector<PixelValues> TiledCanvasProcessor::process(const Image& image,
                                                       const TileLayout& layout) const {
  const FittedSize size = fit_to_canvas(image.width, image.height, layout, tile_);
  const Image canvas = window(torch_resize(image, size.width, size.height, filter_),
                              layout.wide * tile_, layout.high * tile_, 0, 0, {0, 0, 0});
  std::vector<PixelValues> tiles;
  for (int y = 0; y < canvas.height; y += tile_) {
    for (int x = 0; x < canvas.width; x += tile_) {
      tiles.push_back(scaling_.apply(window(canvas, tile_, tile_, x, y, {0, 0, 0})));
    }
  }
  return tiles;
}

}  // namespace firstlight::nn
