#pragma once

#include <map>
#include <string>

#include "firstlight/base/error.h"
#include "firstlight/image/image.h"
#include "firstlight/task/task.h"

namespace firstlight {

/// A view as the model gets it, and what was done to it.
struct PreparedView {
  Image image;  ///< 3 channels
  /// What was used, for the record kept with the sample: "stretch", "low", "high" (per band),
  /// "crop", "resize", ... as name -> text.
  std::map<std::string, std::string> record;
};

/// Stretch (Raster input; `none` on a Raster means percentile, recorded as such), crop, resize and
/// invert as `settings` says. An 8-bit Image is stretched only where settings name a stretch.
/// A Raster of one band becomes grey, of three is red, green, blue in band order reversed (longest
/// wavelength last in the file, so g,r,z maps to blue, green, red); two bands give the mean as
/// green. Error where all pixels are blank or the crop is empty.
Result<PreparedView> prepare_view(const Pixels& pixels, const ViewSettings& settings);

}  // namespace firstlight
