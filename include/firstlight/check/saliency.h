#pragma once

#include <string>
#include <vector>

#include "firstlight/base/class_id.h"
#include "firstlight/base/error.h"
#include "firstlight/model/classifier.h"

namespace firstlight {

/// What the places of one view mean for a class.
struct SaliencyMap {
  std::string view;
  int rows = 0;
  int columns = 0;
  std::vector<double> values;  ///< [rows, columns]; their unit is the method's
};

/// Occlusion (Zeiler & Fergus 2014, arXiv:1311.2901): squares of `patch` pixels are painted over
/// with the view's background (its median), one after the other; a value is how much the
/// log-probability of the class falls, negative where it rises. Squares that hold nothing but
/// background are 0 and cost nothing. Error where the classifier cannot score the sample. Throws
/// Error::usage for a patch below 1.
Result<std::vector<SaliencyMap>> occlusion(const Classifier& classifier,
                                           const PreparedSample& sample, ClassId of, int patch,
                                           int batch);

/// The view in grey with its values laid over it: red where they speak for the class, blue where
/// against, as strong as the value is of the greatest.
Image saliency_picture(const Image& view, const SaliencyMap& map);

}  // namespace firstlight
