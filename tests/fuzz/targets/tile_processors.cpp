#include <nlohmann/json.hpp>

#include "any_resolution.h"
#include "target.h"
#include "tiled_canvas.h"

namespace {

using namespace firstlight;

Image picture(int width, int height) {
  return {width, height, 3,
          std::vector<std::uint8_t>(static_cast<std::size_t>(width) * height * 3, 9)};
}

/// Large tiles are refused by memory, not by their settings: they are not made here.
constexpr int kLargest = 512;

void any_resolution(const std::string& text) {
  const auto processor = nn::AnyResolutionProcessor::parse(text, "input");
  for (const auto& [width, height] : {std::pair{7, 5}, {1, 40}}) {
    const nn::GridPoint best = nn::best_resolution(width, height, processor.grid());
    const nn::FeatureWindow w = nn::unpadded_window(width, height, 4, 6);
    fuzz::require(w.rows() >= 0 && w.rows() <= 4 && w.columns() >= 0 && w.columns() <= 6);
    if (processor.tile() > kLargest || best.width > kLargest || best.height > kLargest) continue;
    if (best.width / processor.tile() * (best.height / processor.tile()) > 64) continue;
    fuzz::refused_or_used(
        [&] { fuzz::require(!processor.process(picture(width, height), &best).empty()); });
  }
}

void tiled_canvas(const std::string& text) {
  const auto processor = nn::TiledCanvasProcessor::parse(text, "input");
  for (const auto& [width, height] : {std::pair{7, 5}, {1, 40}}) {
    const nn::TileLayout layout = processor.layout(width, height, processor.max_tiles());
    fuzz::require(layout.tiles() >= 1 && layout.tiles() <= processor.max_tiles());
    if (processor.tile() > kLargest) continue;
    fuzz::require(processor.process(picture(width, height), layout).size() ==
                  static_cast<std::size_t>(layout.tiles()));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Seeds are whole processor files; the settings are an object inside.
  const auto document = nlohmann::json::parse(fuzz::text_of(data, size), nullptr, false);
  if (document.is_discarded() || !document.is_object()) return 0;
  const auto at = document.find("image_processor");
  const std::string text = (at == document.end() ? document : *at)
                               .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  fuzz::refused_or_used([&] { any_resolution(text); });
  return fuzz::refused_or_used([&] { tiled_canvas(text); });
}
