#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "firstlight/image/image.h"
#include "firstlight/nn/image_processor.h"

namespace firstlight::nn {

/// Tiles side by side.
struct TileLayout {
  int high = 1;
  int wide = 1;
  int tiles() const { return high * wide; }
  friend bool operator==(const TileLayout&, const TileLayout&) = default;
};

/// All layouts of at most `max_tiles` tiles, as transformers counts them: the place in this list,
/// from 1 on, is a layout's aspect ratio id.
std::vector<TileLayout> tile_layouts(int max_tiles);

/// A picture's size when it is scaled to fit a canvas: no smaller than a tile where the picture is,
/// never distorted by more than rounding.
struct FittedSize {
  int width = 0;
  int height = 0;
};
FittedSize fit_to_canvas(int width, int height, const TileLayout& layout, int tile);

/// MllamaImageProcessor of transformers: the canvas of tiles that enlarges a picture least, or
/// else reduces it least; the picture scaled to fit, with black to its right and below, cut into
/// tiles row by row. Immutable; safe from any thread.
class TiledCanvasProcessor {
 public:
  static TiledCanvasProcessor from_folder(const std::string& folder);
  static TiledCanvasProcessor parse(std::string_view json, const std::string& origin);

  int tile() const { return tile_; }
  int max_tiles() const { return max_tiles_; }
  /// The layout for a picture of this size among those of at most `max_tiles` tiles.
  TileLayout layout(int width, int height, int max_tiles) const;
  /// The picture's tiles in this layout.
  std::vector<PixelValues> process(const Image& image, const TileLayout& layout) const;

 private:
  ResizeFilter filter_ = ResizeFilter::kBilinear;
  int tile_ = 224;
  int max_tiles_ = 4;
  PixelScaling scaling_{.mean = {0.5, 0.5, 0.5}, .deviation = {0.5, 0.5, 0.5}};
};

}  // namespace firstlight::nn
