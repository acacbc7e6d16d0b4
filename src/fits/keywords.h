#pragma once

#include <fitsio.h>

#include <string>

#include "firstlight/fits/fits.h"

namespace firstlight::fits {

/// Keywords of the current HDU in file order, the first of each name: everything with a value but
/// the structural, scaling, compression and checksum ones. Throws Error::input.
Keywords read_keywords(fitsfile* file, const std::string& where);

}  // namespace firstlight::fits
