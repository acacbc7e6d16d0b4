#include "mllama_model.h"

#include <algorithm>
#include <optional>

#include "firstlight/base/error.h"
#include "mllama_tower.h"
#include "tiled_canvas.h"

namespace firstlight::nn {
namespace {

/// The `mllama` type: a picture on a canvas of tiles, which the decoder's cross-attention layers
/// look at. Its place in the prompt is one token.
class MllamaModel final : public VlmModel {
 public:
  MllamaModel(const std::string& folder, const kernels::Kernels& kernels,
              kernels::Precision precision, const VlmOptions& options)
      : VlmModel(folder, kernels, precision, options),
        config_(read_mllama_config(folder)),
        image_processor_(TiledCanvasProcessor::from_folder(folder)) {
    const MllamaVisionConfig& vision = config_.vision;
    if (image_processor_.tile() != vision.image_size ||
        image_processor_.max_tiles() != vision.max_tiles) {
      throw Error::input(
          folder, "its image processor makes " + std::to_string(image_processor_.max_tiles()) +
                      " tiles of " + std::to_string(image_processor_.tile()) +
                      " pixels, its vision tower takes " + std::to_string(vision.max_tiles) +
                      " of " + std::to_string(vision.image_size));
    }
    const std::optional<int>& tiles = options.tiles;
    if (tiles && *tiles < 1) {
      throw Error::usage(folder, "an mllama model needs a tile", "use tiles=1 or more");
    }
    tiles_ = std::min(tiles.value_or(image_processor_.max_tiles()), image_processor_.max_tiles());
    tower_.emplace(
        vision,
        part({"vision tower", "class_embedding", {"vision_model.", "model.vision_model."}}));
    projector_ =
        part({"projector", "multi_modal_projector.weight", {"", "model."}})
            .linear("multi_modal_projector", config_.text.hidden_size, vision.features(), true);
    load_decoder(config_.text, false);
    load_processor({"<|image|>", config_.image_token, true});
  }

  std::size_t positions(int /*width*/, int /*height*/) const override { return 1; }

  ImageFeatures features(const Image& image) const override {
    const TileLayout layout = layout_of(image);
    return project(vision_features(image_processor_.process(image, layout), layout), layout);
  }

  std::vector<ImageFeatures> image_stages(std::span<const Image> images,
                                          std::vector<Stage>& stages) const override {
    const auto count = static_cast<std::int64_t>(images.size());
    const auto positions = static_cast<std::int64_t>(tower_->positions());
    const std::int64_t side = config_.vision.image_size;
    Stage pixels{"pixel_values", {1, count, tiles_, 3, side, side}, {}, {}};
    Stage ids{"aspect_ratio_ids", {1, count}, {}, {}};
    Stage mask{"aspect_ratio_mask", {1, count, tiles_}, {}, {}};
    Stage number{"num_tiles", {1, count}, {}, {}};
    Stage features{
        "vision_features", {1, count, tiles_, positions, config_.vision.features()}, {}, {}};
    Stage projected{"projected", {count * tiles_, positions, config_.text.hidden_size}, {}, {}};
    std::vector<ImageFeatures> all;
    for (const Image& image : images) {
      const TileLayout layout = layout_of(image);
      const std::vector<PixelValues> tiles = image_processor_.process(image, layout);
      for (const PixelValues& tile : tiles) {
        pixels.values.insert(pixels.values.end(), tile.values.begin(), tile.values.end());
      }
      const auto empty = static_cast<std::size_t>(tiles_ - layout.tiles());
      pixels.values.resize(pixels.values.size() + empty * tiles[0].values.size(), 0.0f);
      ids.ids.push_back(static_cast<std::int64_t>(aspect_ratio_id(layout)));
      for (int t = 0; t < tiles_; ++t) mask.ids.push_back(t < layout.tiles() ? 1 : 0);
      number.ids.push_back(layout.tiles());
      const std::vector<float> f = vision_features(tiles, layout);
      features.values.insert(features.values.end(), f.begin(), f.end());
      all.push_back(project(f, layout));
      projected.values.insert(projected.values.end(), all.back().rows.begin(),
                              all.back().rows.end());
    }
    for (Stage* stage : {&pixels, &ids, &mask, &number, &features, &projected}) {
      stages.push_back(std::move(*stage));
    }
    return all;
  }

 private:
  TileLayout layout_of(const Image& image) const {
    return image_processor_.layout(image.width, image.height, tiles_);
  }

  /// Ids count the layouts of the tower's own number of tiles, whatever the limit.
  std::size_t aspect_ratio_id(const TileLayout& layout) const {
    const std::vector<TileLayout> all = tile_layouts(image_processor_.max_tiles());
    return static_cast<std::size_t>(std::find(all.begin(), all.end(), layout) - all.begin()) + 1;
  }

  std::vector<float> vision_features(const std::vector<PixelValues>& tiles,
                                     const TileLayout& layout) const {
    return tower_->forward(tiles, static_cast<std::size_t>(tiles_), aspect_ratio_id(layout));
  }

  ImageFeatures project(const std::vector<float>& features, const TileLayout& layout) const {
    const auto hidden = static_cast<std::size_t>(config_.text.hidden_size);
    const std::size_t inputs = tower_->features();
    const std::size_t rows = features.size() / inputs;
    ImageFeatures out{std::vector<float>(rows * hidden),
                      static_cast<std::size_t>(layout.tiles()) * tower_->positions()};
    projector_.apply(features.data(), rows, inputs, out.rows.data(), hidden);
    return out;
  }

  MllamaConfig config_;
  TiledCanvasProcessor image_processor_;
  int tiles_ = 4;
  std::optional<MllamaTower> tower_;
  LinearLayer projector_;
};

}  // namespace

std::unique_ptr<const VlmModel> open_mllama(const std::string& folder,
                                            const kernels::Kernels& kernels,
                                            kernels::Precision precision,
                                            const VlmOptions& options) {
  return std::make_unique<const MllamaModel>(folder, kernels, precision, options);
}

}  // namespace firstlight::nn
