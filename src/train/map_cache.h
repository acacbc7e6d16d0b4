#pragma once

#include <string>
#include <vector>

#include "firstlight/train/map_pool.h"

namespace firstlight::train {

/// Samples as arrays in a safetensors file: `samples` [n, 2] truth and views, `maps` [m, 3] height,
/// width and sites, `places` and `charges`.
void write_maps(const std::string& path, const std::vector<MapSample>& samples);
/// The inverse; throws Error::input for a file that is cut short.
std::vector<MapSample> read_maps(const std::string& path, std::size_t channels);

}  // namespace firstlight::train
