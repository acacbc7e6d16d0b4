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
  Raster raster;  ///< rows flipped so that the first is the top as displayed; BSCALE applied, blank
                  ///< = NaN
  Keywords keywords;  ///< measured provenance
};

/// Reads an image HDU, plain or tile-compressed: 2 axes = one band, 3 axes = bands (NAXIS3 planes).
/// Without `hdu`: the first HDU that holds an image. cfitsio's extended file-name syntax is off:
/// `path` is a path and nothing else. HDUs count from 0, the primary one, as in astropy. Errors
/// name path and HDU.
Result<FitsImage> read_fits_image(const std::string& path, std::optional<int> hdu = std::nullopt,
                                  const PixelLimits& limits = {});

/// An HDU that read_fits_image can read.
struct FitsImageInfo {
  int hdu = 0;
  std::string name;  ///< its EXTNAME, else FILTER, else BAND; empty without any
};
/// The HDUs with image pixels (2 or 3 axes, none of length 0), in file order.
Result<std::vector<FitsImageInfo>> list_fits_images(const std::string& path);

}  // namespace firstlight::fits
