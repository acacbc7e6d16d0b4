#pragma once

#include <vector>

#include "firstlight/nn/config.h"

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

}  // namespace firstlight::nn
