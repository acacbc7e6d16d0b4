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
  /// What was used, for the record kept with the sample; a name is absent where its step did
  /// nothing. "stretch": the kind; "low" and "high": limits, one a band in the raster's order,
  /// joined by ","; "softening"; "scale" (lupton's `stretch`); "limits_from"; "blank": number of
  /// blank values; "crop": WxH+X+Y from the top left; "resize": WxH and the filter; "invert".
  std::map<std::string, std::string> record;
};

/// Makes the picture that `settings` asks for:
/// 1. Values are stretched (image/stretch.h) with limits from the frame as the source gave it, then
///    turned into grey or colour: bands run from short to long wavelengths, so g, r, z become blue,
///    green, red; of two bands the mean becomes green. `none` on values means percentile, recorded
///    as such. An 8-bit picture is stretched only where `settings` name a stretch.
/// 2. `crop` below 1 keeps the central square whose side is that fraction of the shorter side.
/// 3. `resize` gives the longer side that many pixels, the other in proportion.
/// 4. `invert` turns black and white about (blank pixels, black before, become white).
/// With the filters area, max and sum, crop and resize come before the stretch, on the values: they
/// change the range, so limits are then taken from the resized frame.
/// Errors (without a place, which the caller knows): all pixels of a band blank, more than three
/// bands. An unknown filter name throws Error::usage. Safe from any thread.
Result<PreparedView> prepare_view(const Pixels& pixels, const ViewSettings& settings);

}  // namespace firstlight
