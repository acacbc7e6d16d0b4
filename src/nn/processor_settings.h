#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "firstlight/nn/config.h"
#include "firstlight/nn/image_processor.h"
#include "json_reader.h"

namespace firstlight::nn {

constexpr int kMaxImageSide = 65536;
/// Of one tile, so that canvases stay within 64 times as many pixels.
constexpr int kMaxTileSide = 4096;

/// The settings of a folder's image processor and the file that they come from:
/// processor_config.json with its nested `image_processor`, else preprocessor_config.json. Throws
/// Error::input.
struct ProcessorSettings {
  nlohmann::json object;
  std::string origin;

  static ProcessorSettings from_folder(const std::string& folder);
};

/// image_grid_pinpoints: a list of [height, width]. Throws Error::input.
std::vector<GridPoint> read_grid(const nlohmann::json& list, const std::string& origin);
/// The class that the settings name, without the endings of its back ends; empty where they name
/// none.
std::string image_processor_type(const JsonReader& settings);
/// `resample`, in Pillow's numbers. Throws Error::input.
ResizeFilter read_filter(const JsonReader& settings, std::int64_t fallback);
/// do_rescale, rescale_factor, do_normalize, image_mean and image_std over `defaults`.
PixelScaling read_scaling(const JsonReader& settings, PixelScaling defaults);

}  // namespace firstlight::nn
