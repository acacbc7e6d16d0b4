#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "firstlight/image/image.h"
#include "firstlight/nn/image_processor.h"
#include "firstlight/nn/tile_geometry.h"

namespace firstlight::nn {

/// LlavaNextImageProcessor of transformers: the whole picture squeezed into one tile (the base
/// view), and the picture scaled into the best resolution of a grid, padded with black around and
/// cut into tiles, row by row. Immutable; safe from any thread.
class AnyResolutionProcessor {
 public:
  static AnyResolutionProcessor from_folder(const std::string& folder);
  static AnyResolutionProcessor parse(std::string_view json, const std::string& origin);

  const std::vector<GridPoint>& grid() const { return grid_; }
  int tile() const { return tile_; }
  /// The base view and, where `resolution` is given, its tiles.
  std::vector<PixelValues> process(const Image& image, const GridPoint* resolution) const;

 private:
  ImageProcessor tile_steps_;
  std::vector<GridPoint> grid_ = default_grid();
  ResizeFilter filter_ = ResizeFilter::kBicubic;
  int base_width_ = 224, base_height_ = 224;
  int tile_ = 224;
};

}  // namespace firstlight::nn
