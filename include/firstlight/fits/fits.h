#pragma once

#include <optional>
#include <string>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/base/metadata.h"
#include "firstlight/image/image.h"

namespace firstlight::fits {

/// Header keyword with its value (NAXIS, BSCALE and other structural keywords left out).
using Keywords = std::vector<Metadata>;

struct FitsImage {
  Raster raster;      ///< rows flipped so that the first is the top as displayed; BSCALE applied, blank = NaN
  Keywords keywords;  ///< measured provenance
};

/// Reads an image HDU, plain or tile-compressed: 2 axes = one band, 3 axes = bands (NAXIS3 planes).
/// Without `hdu`: the first HDU that holds an image. cfitsio's extended file-name syntax is off:
/// `path` is a path and nothing else. Errors name path and HDU.
Result<FitsImage> read_fits_image(const std::string& path, std::optional<int> hdu = std::nullopt,
                                  const PixelLimits& limits = {});

}  // namespace firstlight::fits
