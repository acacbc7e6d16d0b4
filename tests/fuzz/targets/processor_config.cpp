#include <nlohmann/json.hpp>

#include "any_resolution.h"
#include "json_reader.h"
#include "target.h"
#include "tiled_canvas.h"

namespace {

using namespace firstlight;
using nlohmann::json;

/// Larger pictures and tiles are made by the same steps in much more time.
constexpr int kLargest = 8;
constexpr int kMostTiles = 4;
constexpr std::pair<int, int> kSizes[] = {{7, 5}, {1, 6}};

Image picture(int width, int height) {
  return {width, height, 3,
          std::vector<std::uint8_t>(static_cast<std::size_t>(width) * height * 3, 9)};
}

bool within(const json& part) {
  if (part.is_number()) return part.get<double>() <= kLargest;
  // What is neither number nor container holds nothing but itself.
  return !part.is_structured() || std::all_of(part.begin(), part.end(), within);
}

/// Whether one picture becomes a small one.
bool is_small(const json& settings) {
  for (const char* key : {"size", "crop_size"}) {
    // The default is 224.
    if (!settings.contains(key) || settings[key].is_null() || !within(settings[key])) return false;
  }
  return true;
}

void one_picture(const std::string& text, const json& settings) {
  const auto processor = nn::ImageProcessor::parse(text, "input");
  if (!is_small(settings)) return;
  for (const auto& size : kSizes) {
    fuzz::refused_or_used([&] {
      const nn::PixelValues out = processor.process(picture(size.first, size.second));
      fuzz::require(out.values.size() == std::size_t{3} * out.width * out.height);
    });
  }
}

void any_resolution(const std::string& text) {
  const auto processor = nn::AnyResolutionProcessor::parse(text, "input");
  for (const auto& size : kSizes) {
    const int width = size.first, height = size.second;
    const nn::GridPoint best = nn::best_resolution(width, height, processor.grid());
    const nn::FeatureWindow w = nn::unpadded_window(width, height, 4, 6);
    fuzz::require(w.rows() >= 0 && w.rows() <= 4 && w.columns() >= 0 && w.columns() <= 6);
    if (processor.tile() > kLargest) continue;
    if (best.width / processor.tile() * (best.height / processor.tile()) > kMostTiles) continue;
    fuzz::refused_or_used(
        [&] { fuzz::require(!processor.process(picture(width, height), &best).empty()); });
  }
}

void tiled_canvas(const std::string& text) {
  const auto processor = nn::TiledCanvasProcessor::parse(text, "input");
  for (const auto& [width, height] : kSizes) {
    const nn::TileLayout layout = processor.layout(width, height, processor.max_tiles());
    fuzz::require(layout.tiles() >= 1 && layout.tiles() <= processor.max_tiles());
    if (processor.tile() > kLargest || layout.tiles() > kMostTiles) continue;
    fuzz::require(processor.process(picture(width, height), layout).size() ==
                  static_cast<std::size_t>(layout.tiles()));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto use = [&] {
    // Seeds are whole processor files; the settings may be an object inside.
    json settings = nn::parse_object(fuzz::text_of(data, size), "input");
    if (settings.contains("image_processor")) settings = json(settings["image_processor"]);
    const std::string text = settings.dump(-1, ' ', false, json::error_handler_t::replace);
    // By the processor's type, as a folder of that model type has it.
    if (text.find("Mllama") != std::string::npos) {
      tiled_canvas(text);
    } else if (text.find("LlavaNext") != std::string::npos) {
      any_resolution(text);
    } else {
      one_picture(text, settings);
    }
  };
  return fuzz::refused_or_used(use);
}
