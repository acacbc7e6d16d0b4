#include "any_resolution.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "processor_settings.h"
#include "torch_resize.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

/// int(round(x, 7)) of Python, whose round is that of decimal printing.
int cut_after_rounding(double x) {
  char text[64];
  std::snprintf(text, sizeof text, "%.7f", x);
  return static_cast<int>(std::strtod(text, nullptr));
}

}  // namespace

GridPoint best_resolution(int width, int height, const std::vector<GridPoint>& grid) {
  GridPoint best = grid.front();
  std::int64_t most = 0;
  std::int64_t least_waste = std::numeric_limits<std::int64_t>::max();
  for (const GridPoint& point : grid) {
    const double scale = std::min(static_cast<double>(point.width) / width,
                                  static_cast<double>(point.height) / height);
    const auto kept = std::min(
        static_cast<std::int64_t>(width * scale) * static_cast<std::int64_t>(height * scale),
        static_cast<std::int64_t>(width) * height);
    const std::int64_t waste = static_cast<std::int64_t>(point.width) * point.height - kept;
    if (kept > most || (kept == most && waste < least_waste)) {
      best = point;
      most = kept;
      least_waste = waste;
    }
  }
  return best;
}

FeatureWindow unpadded_window(int width, int height, int rows, int columns) {
  FeatureWindow w{0, rows, 0, columns};
  if (static_cast<double>(width) / height > static_cast<double>(columns) / rows) {
    const int kept = cut_after_rounding(height * (static_cast<double>(columns) / width));
    w.row_begin = (rows - kept) / 2;
    w.row_end = rows - w.row_begin;
  } else {
    const int kept = cut_after_rounding(width * (static_cast<double>(rows) / height));
    w.column_begin = (columns - kept) / 2;
    w.column_end = columns - w.column_begin;
  }
  return w;
}

AnyResolutionProcessor AnyResolutionProcessor::from_folder(const std::string& folder) {
  const ProcessorSettings settings = ProcessorSettings::from_folder(folder);
  return parse(settings.object.dump(), settings.origin);
}

AnyResolutionProcessor AnyResolutionProcessor::parse(std::string_view text,
                                                     const std::string& origin) {
  json object = parse_object(text, origin);
  const JsonReader r(object, origin);
  const std::string type = image_processor_type(r);
  if (!type.empty() && type != "LlavaNextImageProcessor") {
    throw r.error("image_processor_type",
                  "is '" + type + "'; llava_next goes with LlavaNextImageProcessor");
  }
  AnyResolutionProcessor p;
  p.filter_ = read_filter(r, 3);
  if (const json* grid = r.find("image_grid_pinpoints")) p.grid_ = read_grid(*grid, origin);
  const auto side = [&](const json& sizes, const char* key) {
    const JsonReader s(sizes, origin);
    return static_cast<int>(s.integer(key, 224, 1, kMaxImageSide));
  };
  if (const json* size = r.find("size")) {
    if (!size->is_object()) {
      p.base_width_ = p.base_height_ = static_cast<int>(r.integer("size", 224, 1, kMaxImageSide));
    } else if (size->contains("height") && size->contains("width")) {
      p.base_width_ = side(*size, "width");
      p.base_height_ = side(*size, "height");
    } else {
      p.base_width_ = p.base_height_ = side(*size, "shortest_edge");
    }
  }
  p.tile_ = 224;
  if (const json* crop = r.find("crop_size")) {
    p.tile_ = crop->is_object() ? side(*crop, "height")
                                : static_cast<int>(r.integer("crop_size", 224, 1, kMaxImageSide));
  }
  // What happens to each tile is what CLIP does to a picture; do_pad is about batches here.
  object.erase("do_pad");
  object["image_processor_type"] = "CLIPImageProcessor";
  p.tile_steps_ = ImageProcessor::parse(object.dump(), origin);
  return p;
}

std::vector<PixelValues> AnyResolutionProcessor::process(const Image& image,
                                                         const GridPoint* resolution) const {
  std::vector<PixelValues> tiles;
  tiles.push_back(tile_steps_.process(torch_resize(image, base_width_, base_height_, filter_)));
  if (resolution == nullptr) return tiles;
  const double scale_w = static_cast<double>(resolution->width) / image.width;
  const double scale_h = static_cast<double>(resolution->height) / image.height;
  int width = resolution->width;
  int height = resolution->height;
  if (scale_w < scale_h) {
    height = std::min(static_cast<int>(std::ceil(image.height * scale_w)), height);
  } else {
    width = std::min(static_cast<int>(std::ceil(image.width * scale_h)), width);
  }
  const Image canvas =
      window(torch_resize(image, width, height, filter_), resolution->width, resolution->height,
             -((resolution->width - width) / 2), -((resolution->height - height) / 2), {0, 0, 0});
  for (int y = 0; y < canvas.height; y += tile_) {
    for (int x = 0; x < canvas.width; x += tile_) {
      tiles.push_back(tile_steps_.process(window(canvas, tile_, tile_, x, y, {0, 0, 0})));
    }
  }
  return tiles;
}

}  // namespace firstlight::nn
