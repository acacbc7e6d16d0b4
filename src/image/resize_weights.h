#pragma once

#include <vector>

#include "firstlight/image/resize.h"

namespace firstlight {

/// Output pixel i of one axis is the sum of `weights[i * width + k]` times input pixel
/// `first[i] + k`, for k < count[i].
struct AxisWeights {
  int width = 0;
  std::vector<int> first;
  std::vector<int> count;
  std::vector<double> weights;
};

/// Weights of kBicubic, kBilinear and kLanczos: the kernel, widened by the scale when shrinking, at
/// the distance between the centres of the input pixels and the output pixel's centre, normalised.
AxisWeights kernel_weights(int input, int output, ResizeFilter filter);

/// Which part of each input pixel an output pixel covers, in input pixels. `mean` divides by the
/// covered length; otherwise an input pixel's weights add up to one.
AxisWeights coverage_weights(int input, int output, bool mean);

}  // namespace firstlight
