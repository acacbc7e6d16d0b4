#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/image/image.h"
#include "firstlight/nn/config.h"
#include "firstlight/nn/image_processor.h"

namespace firstlight::nn {

/// Of `grid`, the resolution that keeps most of a picture's pixels and, among these, wastes fewest
/// (select_best_resolution in transformers); the first of several. `grid` is not empty.
GridPoint best_resolution(int width, int height, const std::vector<GridPoint>& grid);

/// Where the picture lies in the features of a padded canvas of `rows` x `columns`: what
/// unpad_image in transformers keeps.
struct FeatureWindow {
  int row_begin = 0, row_end = 0;
  int column_begin = 0, column_end = 0;
  int rows() const { return row_end - row_begin; }
  int columns() const { return column_end - column_begin; }
};
FeatureWindow unpadded_window(int width, int height, int rows, int columns);

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
